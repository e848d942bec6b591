/**
 * Frames of SPDY/3.1 (draft-mbelshe-httpbis-spdy-00, section 2): a header of eight bytes, then the payload. The first
 * bit tells control frames from data.
 */
export const FRAME = {
  synStream: 1,
  synReply: 2,
  reset: 3,
  settings: 4,
  ping: 6,
  goAway: 7,
  headers: 8,
  windowUpdate: 9,
} as const;

export const FLAG_FIN = 1;

/** Reasons of a RST_STREAM. */
export const RESET = { refused: 3, cancel: 5 } as const;

const HEADER = 8;
/** Control frames carry headers: those of Kubernetes' clients are a few hundred bytes. */
const MAX_CONTROL = 64 * 1024;

export type SpdyFrame =
  | { readonly type: 'control'; readonly kind: number; readonly flags: number; readonly payload: Buffer }
  /** A piece of a data frame, as it came; `last` with the frame's final piece. */
  | {
      readonly type: 'data';
      readonly stream: number;
      readonly payload: Buffer;
      readonly fin: boolean;
    };

/** Cuts a byte stream into frames. Data is handed on as it comes, so a large frame needs no buffer. */
export class SpdyFrameDecoder {
  #pending: Buffer = Buffer.alloc(0);
  /** The data frame under way. */
  #data: { stream: number; fin: boolean; left: number } | undefined;

  /** Throws on what is no SPDY/3 frame. */
  *push(chunk: Buffer): Generator<SpdyFrame> {
    let bytes = this.#pending.length ? Buffer.concat([this.#pending, chunk]) : chunk;
    for (;;) {
      if (this.#data) {
        if (bytes.length === 0 && this.#data.left > 0) break;
        const { stream, fin, left } = this.#data;
        const payload = bytes.subarray(0, left);
        bytes = bytes.subarray(payload.length);
        this.#data = payload.length < left ? { stream, fin, left: left - payload.length } : undefined;
        yield { type: 'data', stream, payload, fin: fin && !this.#data };
        continue;
      }
      if (bytes.length < HEADER) break;
      const first = bytes.readUInt32BE(0);
      const flags = bytes.readUInt8(4);
      const length = bytes.readUIntBE(5, 3);
      if (first >>> 31 === 0) {
        if (first === 0) throw new Error('data for stream 0');
        this.#data = { stream: first, fin: (flags & FLAG_FIN) !== 0, left: length };
        bytes = bytes.subarray(HEADER);
        continue;
      }
      const version = (first >>> 16) & 0x7fff;
      if (version !== 3) throw new Error(`SPDY version ${version} is not spoken here`);
      if (length > MAX_CONTROL) throw new Error(`a control frame of ${length} bytes is too long`);
      if (bytes.length < HEADER + length) break;
      const payload = bytes.subarray(HEADER, HEADER + length);
      bytes = bytes.subarray(HEADER + length);
      yield { type: 'control', kind: first & 0xffff, flags, payload };
    }
    this.#pending = bytes;
  }
}

/** A control frame of version 3. */
export function controlFrame(kind: number, flags: number, payload: Buffer): Buffer {
  const header = Buffer.alloc(HEADER);
  header.writeUInt32BE((0x80030000 | kind) >>> 0, 0);
  header.writeUInt8(flags, 4);
  header.writeUIntBE(payload.length, 5, 3);
  return Buffer.concat([header, payload]);
}

/** The header of a data frame; the payload follows it on the wire. */
export function dataHeader(stream: number, length: number, fin: boolean): Buffer {
  const header = Buffer.alloc(HEADER);
  header.writeUInt32BE(stream, 0);
  header.writeUInt8(fin ? FLAG_FIN : 0, 4);
  header.writeUIntBE(length, 5, 3);
  return header;
}

/** The payload of control frames that are made of 32-bit words. */
export function words(...values: readonly number[]): Buffer {
  const payload = Buffer.alloc(values.length * 4);
  values.forEach((value, index) => {
    payload.writeUInt32BE(value >>> 0, index * 4);
  });
  return payload;
}
