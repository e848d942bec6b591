import { once } from 'node:events';
import { request } from 'node:http';
import { connect } from 'node:net';
import type { Duplex } from 'node:stream';
import { controlFrame, dataHeader, FLAG_FIN, FRAME, SpdyFrameDecoder, words } from '../spdy/frames';
import { HeaderBlocks, type Headers } from '../spdy/header-block';

/** One stream as a test client sees it. */
export interface ClientStream {
  readonly id: number;
  received: Buffer;
  replied: boolean;
  fin: boolean;
  reset: boolean;
}

/** The client's end of SPDY/3.1, as Go programs speak it: no windows, headers in lower case. */
export class SpdyTestClient {
  readonly streams = new Map<number, ClientStream>();
  readonly pings: number[] = [];
  readonly #headers = new HeaderBlocks();
  #next = 1;
  #changed: (() => void)[] = [];

  constructor(readonly socket: Duplex) {
    const decoder = new SpdyFrameDecoder();
    socket.on('error', () => undefined);
    socket.on('close', () => this.#tell());
    socket.on('data', (chunk: Buffer) => {
      for (const frame of decoder.push(chunk)) {
        if (frame.type === 'data') {
          const stream = this.streams.get(frame.stream);
          if (!stream) continue;
          stream.received = Buffer.concat([stream.received, frame.payload]);
          stream.fin ||= frame.fin;
        } else {
          const id = frame.payload.readUInt32BE(0);
          const stream = this.streams.get(id);
          if (frame.kind === FRAME.ping) this.pings.push(id);
          if (stream && frame.kind === FRAME.synReply) stream.replied = true;
          if (stream && frame.kind === FRAME.reset) stream.reset = true;
        }
      }
      this.#tell();
    });
  }

  /** Upgrades a connection to `path` of a server on this machine. Rejects with the answer's code when refused. */
  static async connect(port: number, path: string, protocols: readonly string[]): Promise<SpdyTestClient> {
    const upgrade = request({
      host: '127.0.0.1',
      port,
      path,
      method: 'POST',
      headers: { connection: 'Upgrade', upgrade: 'SPDY/3.1', 'x-stream-protocol-version': [...protocols] },
    });
    upgrade.end();
    const refused = once(upgrade, 'response').then(([answer]) => {
      answer.resume();
      throw new Error(`refused with ${answer.statusCode}`);
    });
    const [, socket, head] = await Promise.race([once(upgrade, 'upgrade'), refused]);
    if (head.length) socket.unshift(head);
    return new SpdyTestClient(socket);
  }

  static async dial(port: number): Promise<SpdyTestClient> {
    const socket = connect({ host: '127.0.0.1', port });
    await once(socket, 'connect');
    return new SpdyTestClient(socket);
  }

  async open(headers: Headers, fin = false): Promise<ClientStream> {
    const id = this.#next;
    this.#next += 2;
    const stream = { id, received: Buffer.alloc(0), replied: false, fin: false, reset: false };
    this.streams.set(id, stream);
    const block = await this.#headers.pack(headers);
    const payload = Buffer.concat([words(id, 0), Buffer.alloc(2), block]);
    this.socket.write(controlFrame(FRAME.synStream, fin ? FLAG_FIN : 0, payload));
    return stream;
  }

  send(stream: ClientStream, bytes: Buffer | string, fin = false): boolean {
    const payload = Buffer.from(bytes);
    this.socket.write(dataHeader(stream.id, payload.length, fin));
    return this.socket.write(payload);
  }

  ping(id: number): void {
    this.socket.write(controlFrame(FRAME.ping, 0, words(id)));
  }

  /** Resolves when `condition` holds; looked at again after everything that comes in. */
  async until(condition: () => boolean): Promise<void> {
    while (!condition()) {
      if (this.socket.destroyed) throw new Error('the connection is closed');
      await new Promise<void>((resolve) => this.#changed.push(resolve));
    }
  }

  #tell(): void {
    for (const resolve of this.#changed.splice(0)) resolve();
  }
}
