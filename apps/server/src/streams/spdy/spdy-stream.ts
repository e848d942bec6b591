import { Duplex } from 'node:stream';
import type { Headers } from './header-block';

/** What a stream asks of its connection. */
export interface StreamOwner {
  sendData(stream: number, payload: Buffer, fin: boolean, done: (error?: Error | null) => void): void;
  /** The reader took something: there may be room for what waits. */
  drained(): void;
  /** Nothing more goes either way. `abort`: the peer has to be told so. */
  closedStream(stream: SpdyStream, abort: boolean): void;
}

/** Bytes of a stream that may wait for their reader before the whole connection is held back. */
const WAITING_BYTES = 256 * 1024;
/** Writes are cut, so that streams of one connection take turns. */
const MAX_DATA = 32 * 1024;

/** One stream of a SPDY connection: ends of the two directions are independent of each other. */
export class SpdyStream extends Duplex {
  #peerDone = false;
  #finished = false;

  constructor(
    readonly id: number,
    readonly headers: Headers,
    private readonly owner: StreamOwner,
  ) {
    super({ highWaterMark: WAITING_BYTES, allowHalfOpen: true, emitClose: true });
    this.once('end', () => this.#settle());
    // Whoever uses the stream hears of errors too; one that nobody uses must not end the process.
    this.on('error', () => undefined);
  }

  /** Takes data from the peer; false when its reader lags behind. */
  deliver(payload: Buffer, fin: boolean): boolean {
    if (this.destroyed || this.#peerDone) return true;
    const room = payload.length === 0 || this.push(payload);
    if (fin) {
      this.#peerDone = true;
      this.push(null);
    }
    return room;
  }

  /** Whether data that was taken still waits for its reader. */
  get lags(): boolean {
    return !this.destroyed && this.readableLength >= WAITING_BYTES;
  }

  override _read(): void {
    this.owner.drained();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    const piece = chunk.subarray(0, MAX_DATA);
    const rest = chunk.subarray(piece.length);
    this.owner.sendData(this.id, piece, false, (error) => {
      if (error || rest.length === 0) done(error);
      else this._write(rest, _encoding, done);
    });
  }

  override _final(done: (error?: Error | null) => void): void {
    this.owner.sendData(this.id, Buffer.alloc(0), true, (error) => {
      this.#finished = true;
      this.#settle();
      done(error);
    });
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.owner.closedStream(this, !(this.#finished && this.#peerDone));
    this.owner.drained();
    done(error);
  }

  #settle(): void {
    if (this.#finished && this.#peerDone) this.owner.closedStream(this, false);
  }
}
