import { Agent, fetch } from 'undici';
import type { ApiServerOptions } from '../api-server';
import { startTestApiServer, type TestApiServer } from './test-api-server';

export interface Asked {
  /** Of the body; default `application/json`. */
  readonly type?: string;
  readonly accept?: string;
}

export interface Answer {
  readonly status: number;
  readonly type: string;
  readonly warning: string | null;
  readonly text: string;
  /** Undefined where the answer is no JSON. The shape of an answer is what each test looks at. */
  // biome-ignore lint/suspicious/noExplicitAny: see above
  readonly json: any;
}

/** A test API server and a client of it that shows answers as they come over the wire. */
export interface Tester {
  readonly server: TestApiServer;
  /** `body`: a string is sent as it is, anything else as JSON. */
  send(method: string, path: string, body?: unknown, asked?: Asked): Promise<Answer>;
  stop(): Promise<void>;
}

export async function startTester(overrides: Partial<ApiServerOptions> = {}): Promise<Tester> {
  const server = await startTestApiServer(overrides);
  const agent = new Agent({ connect: { ca: server.ca } });
  return {
    server,
    async send(method, path, body, { type = 'application/json', accept } = {}) {
      const answer = await fetch(`${server.baseUrl}${path}`, {
        method,
        dispatcher: agent,
        headers: {
          authorization: `Bearer ${server.token}`,
          'user-agent': 'tester/1.0',
          ...(body === undefined ? {} : { 'content-type': type }),
          ...(accept === undefined ? {} : { accept }),
        },
        ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
      });
      const text = await answer.text();
      return {
        status: answer.status,
        type: answer.headers.get('content-type') ?? '',
        warning: answer.headers.get('warning'),
        text,
        json: text.startsWith('{') ? JSON.parse(text) : undefined,
      };
    },
    async stop() {
      await agent.destroy();
      await server.stop();
    },
  };
}
