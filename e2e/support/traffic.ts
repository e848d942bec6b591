import { request } from 'node:http';

/** One HTTP request over a connection of its own, as a new client would make it. */
export function ask(url: string, headers: Record<string, string> = {}, timeoutMs = 5_000): Promise<string> {
  return new Promise((resolve, reject) => {
    const req = request(url, { agent: false, headers, timeout: timeoutMs }, (response) => {
      let body = '';
      response.setEncoding('utf8').on('data', (data) => {
        body += data;
      });
      response.on('end', () =>
        response.statusCode === 200 ? resolve(body) : reject(new Error(`${response.statusCode}: ${body}`)),
      );
      response.on('error', reject);
    });
    req.on('timeout', () => req.destroy(new Error(`no answer from ${url} within ${timeoutMs} ms`)));
    req.on('error', reject);
    req.end();
  });
}

/** Which pod answers there: the sample image says so in JSON. */
export async function whoAnswers(url: string): Promise<string> {
  return JSON.parse(await ask(url, { accept: 'application/json' })).pod;
}

/** The pods that answer `count` requests, in order. */
export async function answersOf(url: string, count: number): Promise<string[]> {
  const answers: string[] = [];
  for (let index = 0; index < count; index++) answers.push(await whoAnswers(url));
  return answers;
}

export interface Load {
  /** Ends it; resolves with how many requests were answered, and the failures with their times. */
  stop(): Promise<{ answered: number; failures: { at: number; error: string }[] }>;
}

/** Keeps asking, one request after the other, until stopped. */
export function keepAsking(url: string): Load {
  let stopped = false;
  let answered = 0;
  const failures: { at: number; error: string }[] = [];
  const loop = (async () => {
    while (!stopped) {
      try {
        await whoAnswers(url);
        answered++;
      } catch (error) {
        failures.push({ at: Date.now(), error: String(error) });
      }
    }
  })();
  return {
    stop: async () => {
      stopped = true;
      await loop;
      return { answered, failures };
    },
  };
}
