import { createSocket, type Socket } from 'node:dgram';
import { isIPv6 } from 'node:net';
import { backendKey } from '../service-rules';
import type { Balancer } from './balancer';

/** A flow without datagrams in either direction for this long is forgotten; the next datagram starts a new one. */
const IDLE_MS = 60_000;
/** Bound on remembered flows of one port: the least recently used goes first. */
const MAX_FLOWS = 8_192;

/** Datagrams held for a flow whose socket is not ready yet. */
const MAX_WAITING = 64;

interface Flow {
  readonly socket: Socket;
  readonly backend: string;
  lastUsed: number;
  /** Undefined once the socket is connected. */
  waiting: Buffer[] | undefined;
}

/**
 * Forwards datagrams of one address and port. All datagrams of one client address and port go to one backend
 * (a flow) and answers return from the service's own address. Flows to backends that are gone end at once.
 */
export class UdpForwarder {
  readonly #balancer: Balancer;
  readonly #server: Socket;
  /** Keyed by client `address port`; order is order of last use. */
  readonly #flows = new Map<string, Flow>();
  readonly #sweep: NodeJS.Timeout;
  readonly #family: 'udp4' | 'udp6';

  constructor(balancer: Balancer, address: string) {
    this.#balancer = balancer;
    this.#family = isIPv6(address) ? 'udp6' : 'udp4';
    this.#server = createSocket(this.#family);
    this.#server.on('message', (data, peer) => this.#forward(data, peer.address, peer.port));
    this.#sweep = setInterval(() => this.#forgetIdle(performance.now()), IDLE_MS / 2);
    this.#sweep.unref();
  }

  /** Rejects with the system's error (EADDRINUSE, EADDRNOTAVAIL …). */
  listen(address: string, port: number): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.bind({ address, port, exclusive: true }, () => {
        this.#server.off('error', reject);
        // A datagram that could not be sent is lost, as datagrams may be.
        this.#server.on('error', () => undefined);
        resolve();
      });
    });
  }

  get open(): number {
    return this.#flows.size;
  }

  /** Ends the flows whose backend the balancer no longer has. */
  dropStaleFlows(): void {
    for (const [client, flow] of this.#flows) if (!this.#balancer.has(flow.backend)) this.#end(client, flow);
  }

  destroy(): void {
    clearInterval(this.#sweep);
    for (const [client, flow] of this.#flows) this.#end(client, flow);
    this.#server.close();
  }

  #forward(data: Buffer, address: string, port: number): void {
    const client = `${address} ${port}`;
    const flow = this.#flows.get(client) ?? this.#begin(client, address, port);
    if (!flow) return;
    flow.lastUsed = performance.now();
    this.#flows.delete(client);
    this.#flows.set(client, flow);
    if (flow.waiting === undefined) flow.socket.send(data);
    else if (flow.waiting.length < MAX_WAITING) flow.waiting.push(data);
  }

  #begin(client: string, address: string, port: number): Flow | undefined {
    const backend = this.#balancer.pick(address, performance.now(), new Set());
    if (!backend) return undefined;
    const socket = createSocket(isIPv6(backend.address) ? 'udp6' : 'udp4');
    const flow: Flow = { socket, backend: backendKey(backend), lastUsed: performance.now(), waiting: [] };
    // Connection refused (the backend's port is closed): the next datagram of this client tries another backend.
    socket.on('error', () => this.#end(client, flow));
    socket.on('message', (answer) => {
      flow.lastUsed = performance.now();
      this.#server.send(answer, port, address);
    });
    socket.connect(backend.port, backend.address, () => {
      for (const datagram of flow.waiting ?? []) socket.send(datagram);
      flow.waiting = undefined;
    });
    this.#flows.set(client, flow);
    if (this.#flows.size > MAX_FLOWS) {
      const oldest = this.#flows.entries().next();
      if (!oldest.done) this.#end(...oldest.value);
    }
    return flow;
  }

  #end(client: string, flow: Flow): void {
    if (this.#flows.get(client) === flow) this.#flows.delete(client);
    // Closing twice throws; a flow can end by error and by sweep in the same turn.
    flow.socket.removeAllListeners('error');
    flow.socket.on('error', () => undefined);
    try {
      flow.socket.close();
    } catch {
      // Already closed by its own error.
    }
  }

  #forgetIdle(now: number): void {
    for (const [client, flow] of this.#flows) if (now - flow.lastUsed > IDLE_MS) this.#end(client, flow);
  }
}
