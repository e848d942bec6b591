import { Agent, request } from 'node:http';

export interface AskOptions {
  readonly headers?: Record<string, string>;
  readonly timeoutMs?: number;
  /** Keeps connections open; without one each request has its own, as a new client would make it. */
  readonly agent?: Agent;
}

/** One HTTP request. */
export function ask(url: string, options: AskOptions = {}): Promise<string> {
  const { headers = {}, timeoutMs = 5_000, agent = false } = options;
  return new Promise((resolve, reject) => {
    const req = request(url, { agent, headers, timeout: timeoutMs }, (response) => {
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
export async function whoAnswers(url: string, options: AskOptions = {}): Promise<string> {
  return JSON.parse(await ask(url, { ...options, headers: { accept: 'application/json' } })).pod;
}

/** The pods that answer `count` requests, in order. */
export async function answersOf(url: string, count: number): Promise<string[]> {
  const answers: string[] = [];
  for (let index = 0; index < count; index++) answers.push(await whoAnswers(url));
  return answers;
}

export interface LoadResult {
  readonly answered: number;
  readonly failures: { at: number; error: string }[];
  /** Which pods have answered. */
  readonly pods: Set<string>;
}

export interface Load {
  /** Ends it; resolves with what became of the requests. */
  stop(): Promise<LoadResult>;
}

/** Keeps asking, one request after the other, until stopped; over one connection while that is open, or over new ones. */
export function keepAsking(url: string, { keepAlive = false } = {}): Load {
  const agent = keepAlive ? new Agent({ keepAlive: true, maxSockets: 1 }) : undefined;
  let stopped = false;
  let answered = 0;
  const failures: { at: number; error: string }[] = [];
  const pods = new Set<string>();
  const loop = (async () => {
    while (!stopped) {
      try {
        pods.add(await whoAnswers(url, agent ? { agent } : {}));
        answered++;
      } catch (error) {
        failures.push({ at: Date.now(), error: String(error) });
      }
    }
    agent?.destroy();
  })();
  return {
    stop: async () => {
      stopped = true;
      await loop;
      return { answered, failures, pods };
    },
  };
}
