import { connect, createServer, type Server, type Socket } from 'node:net';
import { backendKey } from '../service-rules';
import type { Balancer } from './balancer';

/** A backend that does not answer the handshake within this time is passed over for the next one. */
const CONNECT_TIMEOUT_MS = 1_000;
/** Errors of single connections (resets, refusals) are the peers' affair and end that connection only. */
const ignore = () => undefined;

/**
 * Listens on one address and port and joins each connection with a backend. A backend that refuses or does not
 * answer is passed over: the client notices nothing as long as one works. Bytes flow with back-pressure and
 * each direction may end on its own.
 */
export class TcpForwarder {
  readonly #server: Server;
  readonly #connections = new Set<Socket>();
  readonly #balancer: Balancer;

  constructor(balancer: Balancer) {
    this.#balancer = balancer;
    this.#server = createServer({ allowHalfOpen: true, pauseOnConnect: true, noDelay: true }, (client) =>
      this.#accept(client),
    );
  }

  /** Rejects with the system's error (EADDRINUSE, EADDRNOTAVAIL …). */
  listen(address: string, port: number): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen({ host: address, port, backlog: 1024 }, () => {
        this.#server.off('error', reject);
        // After listening, errors are failed accepts (out of descriptors): the next accept may work again.
        this.#server.on('error', ignore);
        resolve();
      });
    });
  }

  /** Number of client connections that are open. */
  get open(): number {
    return this.#connections.size;
  }

  /** Takes no new connection; open ones go on until their peers end them. */
  stopListening(): void {
    this.#server.close();
  }

  /** Ends everything at once. */
  destroy(): void {
    this.#server.close();
    for (const socket of this.#connections) socket.destroy();
  }

  #accept(client: Socket): void {
    this.#connections.add(client);
    client.on('close', () => this.#connections.delete(client));
    client.on('error', ignore);
    this.#join(client, new Set());
  }

  #join(client: Socket, tried: Set<string>): void {
    if (client.destroyed) return;
    const backend = this.#balancer.pick(client.remoteAddress ?? '', performance.now(), tried);
    if (!backend) {
      // What a client of a service without endpoints expects: connection refused, or as near as can be.
      client.resetAndDestroy();
      return;
    }
    tried.add(backendKey(backend));
    const upstream = connect({
      host: backend.address,
      port: backend.port,
      allowHalfOpen: true,
      noDelay: true,
    });
    const next = () => {
      cleanUp();
      upstream.destroy();
      this.#join(client, tried);
    };
    const abandon = () => {
      cleanUp();
      upstream.destroy();
    };
    const cleanUp = () => {
      clearTimeout(timer);
      upstream.off('error', next);
      upstream.on('error', ignore);
      client.off('close', abandon);
    };
    const timer = setTimeout(next, CONNECT_TIMEOUT_MS);
    upstream.once('error', next);
    client.once('close', abandon);
    upstream.once('connect', () => {
      cleanUp();
      pair(client, upstream);
    });
  }
}

/** Joins two sockets. An end on one side is passed on; a broken side breaks the other, by reset as it broke. */
function pair(client: Socket, upstream: Socket): void {
  client.pipe(upstream);
  upstream.pipe(client);
  client.on('close', (hadError) => (hadError ? upstream.resetAndDestroy() : upstream.destroySoon()));
  upstream.on('close', (hadError) => (hadError ? client.resetAndDestroy() : client.destroySoon()));
}
