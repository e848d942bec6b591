import { constants, createDeflate, createInflate, type Deflate, type Inflate } from 'node:zlib';
import { SPDY_DICTIONARY } from './spdy-dictionary';

/** The most that one block may hold when unpacked: a few bytes of zlib can stand for megabytes. */
const MAX_BLOCK = 64 * 1024;
const MAX_HEADERS = 256;

/** Names in lower case; several values of one name are joined by a zero byte on the wire, by ", " here. */
export type Headers = Readonly<Record<string, string>>;

/**
 * Header blocks of one SPDY connection. Both directions are one zlib stream each for the connection's life, so blocks
 * have to be read and written in order, one after the other.
 */
export class HeaderBlocks {
  readonly #inflate: Inflate;
  readonly #deflate: Deflate;
  #unpacked: Buffer[] = [];
  #packed: Buffer[] = [];
  #failure: Error | undefined;

  constructor() {
    const dictionary = SPDY_DICTIONARY;
    this.#inflate = createInflate({ dictionary, finishFlush: constants.Z_SYNC_FLUSH, chunkSize: 4096 });
    this.#deflate = createDeflate({ dictionary, flush: constants.Z_SYNC_FLUSH, windowBits: 11, memLevel: 4 });
    this.#inflate.on('data', (chunk: Buffer) => {
      this.#unpacked.push(chunk);
      if (size(this.#unpacked) > MAX_BLOCK) this.#fail(new Error('a header block is too long'));
    });
    this.#deflate.on('data', (chunk: Buffer) => this.#packed.push(chunk));
    for (const stream of [this.#inflate, this.#deflate]) stream.on('error', (error) => this.#fail(error));
  }

  /** Rejects on what is no header block; the connection is of no use then. */
  async unpack(block: Buffer): Promise<Headers> {
    await this.#run(this.#inflate, block);
    const bytes = Buffer.concat(this.#unpacked);
    this.#unpacked = [];
    return parse(bytes);
  }

  async pack(headers: Headers): Promise<Buffer> {
    await this.#run(this.#deflate, serialize(headers));
    const block = Buffer.concat(this.#packed);
    this.#packed = [];
    return block;
  }

  close(): void {
    this.#fail(new Error('the connection is closed'));
  }

  #run(stream: Inflate | Deflate, input: Buffer): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.#failure) {
        reject(this.#failure);
        return;
      }
      const closed = () => reject(this.#failure ?? new Error('the connection is closed'));
      stream.once('close', closed);
      stream.write(input, (error) => {
        stream.off('close', closed);
        // All output is there now; what was not yet handed to 'data' is by this.
        while (!stream.destroyed && stream.read() !== null);
        const failure = this.#failure ?? error;
        if (failure) reject(failure);
        else resolve();
      });
    });
  }

  #fail(error: Error): void {
    this.#failure ??= error;
    this.#inflate.destroy();
    this.#deflate.destroy();
  }
}

const size = (chunks: readonly Buffer[]): number => chunks.reduce((sum, chunk) => sum + chunk.length, 0);

function parse(block: Buffer): Headers {
  let at = 0;
  const number = () => {
    if (at + 4 > block.length) throw new Error('a header block ends early');
    at += 4;
    return block.readUInt32BE(at - 4);
  };
  const text = () => {
    const length = number();
    if (at + length > block.length) throw new Error('a header block ends early');
    at += length;
    return block.toString('utf8', at - length, at);
  };
  const count = number();
  if (count > MAX_HEADERS) throw new Error(`${count} headers are too many`);
  const headers: Record<string, string> = Object.create(null);
  for (let index = 0; index < count; index++) {
    const name = text().toLowerCase();
    headers[name] = text().replaceAll('\0', ', ');
  }
  return headers;
}

function serialize(headers: Headers): Buffer {
  const entries = Object.entries(headers);
  const parts: Buffer[] = [];
  const number = (value: number) => {
    const bytes = Buffer.alloc(4);
    bytes.writeUInt32BE(value);
    parts.push(bytes);
  };
  const text = (value: string) => {
    const bytes = Buffer.from(value);
    number(bytes.length);
    parts.push(bytes);
  };
  number(entries.length);
  for (const [name, value] of entries) {
    text(name.toLowerCase());
    text(value);
  }
  return Buffer.concat(parts);
}
