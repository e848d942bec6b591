import type { Duplex } from 'node:stream';
import type { Clock } from '@wheelhouse/shared/clock';
import {
  controlFrame,
  dataHeader,
  FLAG_FIN,
  FRAME,
  RESET,
  type SpdyFrame,
  SpdyFrameDecoder,
  words,
} from './frames';
import { HeaderBlocks } from './header-block';
import { SpdyStream, type StreamOwner } from './spdy-stream';

/** A peer that was told everything is given this long to read it and hang up: its user may be paging through it. */
const CLOSE_MS = 10 * 60_000;

export interface SpdyConnectionOptions {
  readonly clock: Clock;
  /** Streams that may be open at once; more are refused. */
  readonly maxStreams: number;
  /** The peer opened a stream; it has been accepted already. */
  onStream(stream: SpdyStream): void;
}

/**
 * The server's end of SPDY/3.1, as Kubernetes' clients speak it: they neither open windows nor heed them, so flow
 * control is that of the byte stream below. Reading pauses while the reader of any stream lags behind. Whether the peer
 * is still there is asked by the socket, not by pings: a client whose own reader lags answers none, and is well.
 */
export class SpdyConnection implements StreamOwner {
  readonly #streams = new Map<number, SpdyStream>();
  readonly #headers = new HeaderBlocks();
  /** Resolves when the socket is closed, whoever closed it. */
  readonly closed: Promise<void>;
  #wake: (() => void) | undefined;
  #lastStream = 0;
  #closing = false;
  #cancelTimer: () => void = () => undefined;

  constructor(
    private readonly socket: Duplex,
    private readonly options: SpdyConnectionOptions,
  ) {
    // What follows from it happens on 'close'.
    socket.on('error', () => undefined);
    this.closed = new Promise((resolve) => {
      socket.once('close', () => {
        this.#cancelTimer();
        this.#headers.close();
        for (const stream of [...this.#streams.values()]) stream.destroy(new Error('the client hung up'));
        this.drained();
        resolve();
      });
    });
    this.#read().catch(() => this.destroy());
  }

  /**
   * Everything has been said: waits for the peer to hang up. It is not told to go away, nor hung up on: Go's SPDY
   * library then drops what it has received and not yet handed to its reader.
   */
  close(): void {
    if (this.#closing || this.socket.destroyed) return;
    this.#closing = true;
    this.#cancelTimer = this.options.clock.after(CLOSE_MS, () => this.socket.end(() => this.destroy()));
  }

  destroy(): void {
    this.socket.destroy();
  }

  sendData(stream: number, payload: Buffer, fin: boolean, done: (error?: Error | null) => void): void {
    if (!this.socket.writable) {
      done(new Error('the client hung up'));
      return;
    }
    if (payload.length === 0) {
      this.socket.write(dataHeader(stream, 0, fin), done);
      return;
    }
    this.socket.cork();
    this.socket.write(dataHeader(stream, payload.length, fin));
    this.socket.write(payload, done);
    this.socket.uncork();
  }

  drained(): void {
    const wake = this.#wake;
    this.#wake = undefined;
    wake?.();
  }

  closedStream(stream: SpdyStream, abort: boolean): void {
    if (!this.#streams.delete(stream.id)) return;
    if (abort) this.#control(FRAME.reset, words(stream.id, RESET.cancel));
  }

  async #read(): Promise<void> {
    const decoder = new SpdyFrameDecoder();
    for await (const chunk of this.socket) {
      for (const frame of decoder.push(chunk)) {
        const waits = this.#take(frame);
        if (waits) await waits;
      }
      while (!this.socket.destroyed && [...this.#streams.values()].some((stream) => stream.lags))
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
    }
    // The peer ended its side; clients do so when they are done with everything.
    this.destroy();
  }

  #take(frame: SpdyFrame): Promise<void> | undefined {
    if (frame.type === 'data') {
      if (frame.stream > this.#lastStream) throw new Error(`stream ${frame.stream} was never opened`);
      this.#streams.get(frame.stream)?.deliver(frame.payload, frame.fin);
      return undefined;
    }
    const { kind, flags, payload } = frame;
    switch (kind) {
      case FRAME.synStream:
        return this.#open(payload, flags);
      case FRAME.headers:
      case FRAME.synReply:
        // Unpacked all the same: later blocks build on it.
        return this.#headers.unpack(payload.subarray(4)).then(() => undefined);
      case FRAME.reset:
        this.#reset(payload.readUInt32BE(0));
        return undefined;
      case FRAME.ping:
        // Odd numbers are questions of the client, even ones its answers.
        if (payload.readUInt32BE(0) % 2 === 1) this.#control(FRAME.ping, payload);
        return undefined;
      case FRAME.goAway:
        // The peer wants no more streams; those that it has are finished.
        if (this.#closing || this.#streams.size === 0) this.destroy();
        return undefined;
      default:
        return undefined;
    }
  }

  async #open(payload: Buffer, flags: number): Promise<void> {
    if (payload.length < 10) throw new Error('a stream without an identifier');
    const id = payload.readUInt32BE(0) & 0x7fffffff;
    const headers = await this.#headers.unpack(payload.subarray(10));
    if (id % 2 === 0 || id <= this.#lastStream) throw new Error(`stream ${id} is out of order`);
    this.#lastStream = id;
    if (this.#closing || this.#streams.size >= this.options.maxStreams) {
      this.#control(FRAME.reset, words(id, RESET.refused));
      return;
    }
    const stream = new SpdyStream(id, headers, this);
    this.#streams.set(id, stream);
    const reply = await this.#headers.pack({});
    this.#control(FRAME.synReply, Buffer.concat([words(id), reply]));
    this.options.onStream(stream);
    if ((flags & FLAG_FIN) !== 0) stream.deliver(Buffer.alloc(0), true);
  }

  #reset(id: number): void {
    const stream = this.#streams.get(id);
    // It is closed on the other side already: nothing needs to be said.
    this.#streams.delete(id);
    stream?.destroy();
  }

  #control(kind: number, payload: Buffer): void {
    if (this.socket.writable) this.socket.write(controlFrame(kind, 0, payload));
  }
}
