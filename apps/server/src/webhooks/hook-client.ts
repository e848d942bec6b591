import { connect as connectTls, type TLSSocket } from 'node:tls';
import { Agent } from 'undici';
import type { ServiceDialer } from '../aggregation/remote-server';
import { answerFault, connectionFault, isBrokenConnection } from './faults';

/** Where a webhook is: by an address, or behind a service. The shape that all kinds of webhooks share. */
export interface HookTarget {
  readonly url?: string;
  readonly service?: { namespace: string; name: string; path?: string; port?: number };
  /** PEM in base64, or bytes that are; undefined: the usual authorities. */
  readonly caBundle?: string;
}

export interface HookCall {
  readonly target: HookTarget;
  readonly body: unknown;
  readonly timeoutSeconds: number;
}

/** Asks webhooks. Throws Error, with a text as Kubernetes has it, for whatever is no answer. */
export interface HookClient {
  call(call: HookCall): Promise<unknown>;
}

/** Larger answers are none: an object and what is said of it fit. */
const LARGEST_ANSWER = 8 * 1024 * 1024;
const MOST_POOLS = 256;
const IDLE_MS = 30_000;

/**
 * Asks over HTTPS, on connections that are kept: each webhook has a pool of its own, found by what it is reached by.
 * Services are reached through their endpoints, under the name that their certificate has inside the cluster.
 */
export class HttpsHookClient implements HookClient {
  readonly #pools = new Map<string, Agent>();

  constructor(private readonly dial: ServiceDialer) {}

  async call({ target, body, timeoutSeconds }: HookCall): Promise<unknown> {
    const request: HookRequest = {
      address: addressOf(target, timeoutSeconds),
      pool: this.#pool(target),
      body: JSON.stringify(body),
      signal: AbortSignal.timeout(timeoutSeconds * 1000),
    };
    let answer: Answer;
    try {
      answer = await post(request).catch((error: unknown) => {
        // A kept connection may end just when it is used again.
        if (isBrokenConnection(error) && !request.signal.aborted) return post(request);
        throw error;
      });
    } catch (error) {
      const { origin, path } = request.address;
      throw new Error(`Post ${JSON.stringify(origin + path)}: ${connectionFault(error, request.signal)}`);
    }
    const { status, text } = answer;
    if (status < 200 || status > 299) throw new Error(answerFault(status, text));
    try {
      return JSON.parse(text);
    } catch (error) {
      throw new Error(`couldn't decode the answer: ${error instanceof Error ? error.message : 'no JSON'}`);
    }
  }

  async close(): Promise<void> {
    const pools = [...this.#pools.values()];
    this.#pools.clear();
    await Promise.all(pools.map((pool) => pool.destroy()));
  }

  #pool(target: HookTarget): Agent {
    const { service, caBundle } = target;
    const reached = service
      ? [service.namespace, service.name, service.port]
      : new URL(target.url ?? '').origin;
    const id = JSON.stringify([reached, caBundle]);
    let pool = this.#pools.get(id);
    if (pool) return pool;
    const ca = caBundle ? Buffer.from(caBundle, 'base64') : undefined;
    const tls = ca ? { ca } : {};
    pool = service
      ? new Agent({
          keepAliveTimeout: IDLE_MS,
          connect: (_options, done) => {
            this.#connect(service, tls).then(
              (socket) => done(null, socket),
              (error: Error) => done(error, null),
            );
          },
        })
      : new Agent({ keepAliveTimeout: IDLE_MS, connect: tls });
    this.#pools.set(id, pool);
    this.#forgetOldest();
    return pool;
  }

  async #connect(service: NonNullable<HookTarget['service']>, tls: { ca?: Buffer }): Promise<TLSSocket> {
    const { namespace, name, port = 443 } = service;
    const raw = await this.dial({ namespace, name, port });
    return new Promise((resolve, reject) => {
      const refuse = (error: Error) => {
        raw.destroy();
        reject(error);
      };
      raw.on('error', refuse);
      raw.once('close', () => refuse(new Error('the connection was closed')));
      const secure = connectTls({ socket: raw, servername: `${name}.${namespace}.svc`, ...tls }, () => {
        resolve(secure);
      });
      secure.on('error', refuse);
    });
  }

  /** Webhooks that nobody asks any more keep nothing but an idle entry; too many of those go. */
  #forgetOldest(): void {
    const [oldest] = this.#pools;
    if (this.#pools.size <= MOST_POOLS || !oldest) return;
    this.#pools.delete(oldest[0]);
    // Requests under way are finished first.
    void oldest[1].close();
  }
}

interface Address {
  readonly origin: string;
  readonly path: string;
}

interface HookRequest {
  readonly address: Address;
  readonly pool: Agent;
  readonly body: string;
  readonly signal: AbortSignal;
}

interface Answer {
  readonly status: number;
  readonly text: string;
}

async function post({ address, pool, body, signal }: HookRequest): Promise<Answer> {
  const answer = await pool.request({
    ...address,
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: 'application/json, */*' },
    body,
    signal,
  });
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of answer.body) {
    size += chunk.length;
    if (size > LARGEST_ANSWER) throw new Error(`the answer is larger than ${LARGEST_ANSWER} bytes`);
    chunks.push(chunk);
  }
  return { status: answer.statusCode, text: Buffer.concat(chunks).toString('utf8') };
}

function addressOf({ url, service }: HookTarget, timeoutSeconds: number): Address {
  const query = `?timeout=${timeoutSeconds}s`;
  if (service) {
    const { name, namespace, port = 443, path = '/' } = service;
    return { origin: `https://${name}.${namespace}.svc:${port}`, path: path + query };
  }
  const { origin, pathname } = new URL(url ?? '');
  return { origin, path: pathname + query };
}
