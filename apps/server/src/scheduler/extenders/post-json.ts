import { request as httpRequest } from 'node:http';
import { type Agent, request as httpsRequest } from 'node:https';

/** More than the answer about all nodes of a large cluster. */
const MAX_ANSWER_BYTES = 64 * 1024 * 1024;

export interface PostOptions {
  readonly timeoutMs: number;
  /** For https. */
  readonly agent?: Agent;
}

/** Posts a JSON value and reads the JSON answer. Throws for anything but a 200 in time. */
export async function postJson(
  url: string,
  body: unknown,
  { timeoutMs, agent }: PostOptions,
): Promise<unknown> {
  const payload = Buffer.from(JSON.stringify(body));
  const secure = url.startsWith('https:');
  const options = {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'content-length': payload.length },
    signal: AbortSignal.timeout(timeoutMs),
    ...(secure && agent ? { agent } : {}),
  };
  const text = await new Promise<string>((resolve, reject) => {
    const request = (secure ? httpsRequest : httpRequest)(url, options, (response) => {
      const chunks: Buffer[] = [];
      let size = 0;
      response.on('data', (chunk: Buffer) => {
        size += chunk.length;
        if (size > MAX_ANSWER_BYTES) response.destroy(new Error(`${url} answered more than can be read`));
        else chunks.push(chunk);
      });
      response.on('error', reject);
      response.on('end', () => {
        if (response.statusCode === 200) resolve(Buffer.concat(chunks).toString('utf8'));
        else reject(new Error(`${url} answered ${response.statusCode}`));
      });
    });
    request.on('error', reject);
    request.end(payload);
  });
  const parsed: unknown = JSON.parse(text);
  return parsed;
}
