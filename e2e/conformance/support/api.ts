import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Agent, fetch, WebSocket } from 'undici';
import { parse } from 'yaml';

/** What a server says when it refuses. */
export class Refusal extends Error {
  constructor(
    readonly code: number,
    readonly body: string,
  ) {
    super(`${code}: ${body}`);
  }
}

export type PatchType = 'json' | 'merge' | 'strategic';

export interface WatchNote<T> {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK' | 'ERROR';
  readonly object: T;
}

export interface RequestOptions {
  readonly method?: string;
  readonly body?: unknown;
  readonly headers?: Record<string, string>;
  readonly signal?: AbortSignal;
}

/** The API as bare requests: paths and JSON, so that a test says exactly what it sends. */
export class Api {
  constructor(
    readonly url: string,
    private readonly access: { ca: string; token: string; dispatcher: Agent },
  ) {}

  /** The answer whatever its code. */
  send(path: string, { method = 'GET', body, headers, signal }: RequestOptions = {}) {
    return fetch(`${this.url}${path}`, {
      method,
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
      headers: {
        authorization: `Bearer ${this.access.token}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      dispatcher: this.access.dispatcher,
      ...(signal ? { signal } : {}),
    });
  }

  async text(path: string, options?: RequestOptions): Promise<string> {
    const answer = await this.send(path, options);
    const body = await answer.text();
    if (!answer.ok) throw new Refusal(answer.status, body);
    return body;
  }

  /** The answer's JSON as the type that the caller expects there. */
  async json<T>(path: string, options?: RequestOptions): Promise<T> {
    return JSON.parse(await this.text(path, options));
  }

  patch<T>(path: string, body: unknown, type: PatchType = 'merge'): Promise<T> {
    const media = type === 'strategic' ? 'strategic-merge-patch' : `${type}-patch`;
    return this.json(path, {
      method: 'PATCH',
      body,
      headers: { 'content-type': `application/${media}+json` },
    });
  }

  /** The events of a watch until it ends or the caller leaves the loop. */
  async *watch<T>(path: string, seconds = 60): AsyncGenerator<WatchNote<T>> {
    const abort = new AbortController();
    const timer = setTimeout(() => abort.abort(), seconds * 1000);
    try {
      const answer = await this.send(`${path}${path.includes('?') ? '&' : '?'}watch=true`, {
        signal: abort.signal,
      });
      if (!answer.ok || !answer.body) throw new Refusal(answer.status, await answer.text());
      let rest = '';
      const decoder = new TextDecoder();
      for await (const chunk of answer.body) {
        const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n');
        rest = lines.pop() ?? '';
        for (const line of lines) if (line) yield JSON.parse(line);
      }
    } catch (error) {
      if (!abort.signal.aborted) throw error;
    } finally {
      clearTimeout(timer);
      abort.abort();
    }
  }

  /** Messages of a WebSocket until the server closes it. */
  socket(path: string, protocol: string): Promise<Buffer[]> {
    return new Promise((resolve, reject) => {
      const messages: Buffer[] = [];
      const socket = new WebSocket(`${this.url.replace('https', 'wss')}${path}`, {
        protocols: [protocol],
        dispatcher: this.access.dispatcher,
        headers: { authorization: `Bearer ${this.access.token}` },
      });
      socket.binaryType = 'arraybuffer';
      socket.addEventListener('message', ({ data }) => messages.push(Buffer.from(data)));
      socket.addEventListener('error', (event) => reject(new Error(`WebSocket: ${event.message}`)));
      socket.addEventListener('close', () => resolve(messages));
    });
  }

  close(): Promise<void> {
    return this.access.dispatcher.destroy();
  }
}

/** The API of the cluster of a data directory, as its administrator. */
export async function openAdminApi(dataDir: string): Promise<Api> {
  const { cluster } = parse(await readFile(join(dataDir, 'kubeconfig'), 'utf8')).clusters[0];
  const ca = Buffer.from(cluster['certificate-authority-data'], 'base64').toString();
  const token = (await readFile(join(dataDir, 'admin-token'), 'utf8')).trim();
  const dispatcher = new Agent({ connect: { ca }, bodyTimeout: 0, headersTimeout: 0 });
  return new Api(cluster.server, { ca, token, dispatcher });
}
