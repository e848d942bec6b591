import { readFile } from 'node:fs/promises';
import { type ClientHttp2Session, connect } from 'node:http2';
import { join } from 'node:path';
import { parse } from 'yaml';

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body: Buffer;
}

export interface H2Client {
  /** One stream on the only connection. */
  ask(method: string, path: string, options?: AskOptions): Promise<Answer>;
  /** The same, with JSON both ways. Throws what the server refuses. */
  json<T = Record<string, unknown>>(method: string, path: string, options?: AskOptions): Promise<T>;
  /** Gives every chunk of a stream until `seen` returns true, which ends it. */
  follow(path: string, accept: string, seen: (all: Buffer) => boolean): Promise<Buffer>;
  close(): void;
}

export interface AskOptions {
  readonly body?: object | Buffer;
  readonly type?: string;
  readonly accept?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Speaks as Go's client libraries do: everything over one HTTP/2 connection with the client certificate. */
export async function openH2(dataDir: string): Promise<H2Client> {
  const { clusters, users } = parse(await readFile(join(dataDir, 'kubeconfig'), 'utf8'));
  const bytes = (base64: string) => Buffer.from(base64, 'base64');
  const session: ClientHttp2Session = connect(clusters[0].cluster.server, {
    ca: bytes(clusters[0].cluster['certificate-authority-data']),
    cert: bytes(users[0].user['client-certificate-data']),
    key: bytes(users[0].user['client-key-data']),
  });
  const ask: H2Client['ask'] = (method, path, { body, type, accept, headers } = {}) =>
    new Promise((resolve, reject) => {
      const fields = {
        ':method': method,
        ':path': path,
        accept: accept ?? 'application/json',
        ...(body ? { 'content-type': type ?? 'application/json' } : {}),
        ...headers,
      };
      // Node takes a DELETE to have no body unless told otherwise.
      const stream = session.request(fields, { endStream: !body });
      const chunks: Buffer[] = [];
      let head: Record<string, unknown> = {};
      stream.on('response', (received) => {
        head = received;
      });
      stream.on('data', (chunk) => chunks.push(chunk));
      stream.on('error', reject);
      stream.on('end', () => {
        const texts = Object.entries(head).map(([name, value]) => [name, String(value)]);
        resolve({
          status: Number(head[':status']),
          headers: Object.fromEntries(texts),
          body: Buffer.concat(chunks),
        });
      });
      if (body) stream.end(body instanceof Buffer ? body : JSON.stringify(body));
    });
  return {
    ask,
    async json(method, path, options) {
      const { status, body } = await ask(method, path, options);
      if (status >= 400) throw new Error(`${method} ${path}: ${status} ${body}`);
      return JSON.parse(body.toString());
    },
    follow: (path, accept, seen) =>
      new Promise((resolve, reject) => {
        const stream = session.request({ ':path': path, accept });
        let all: Buffer = Buffer.alloc(0);
        stream.on('data', (chunk) => {
          all = Buffer.concat([all, chunk]);
          if (!seen(all)) return;
          stream.close();
          resolve(all);
        });
        stream.on('error', reject);
        stream.on('end', () => reject(new Error(`${path} ended after ${all.length} bytes`)));
      }),
    close: () => session.close(),
  };
}
