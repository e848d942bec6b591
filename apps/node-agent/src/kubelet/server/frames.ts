/** Frames of the exec stream; README.md in this folder describes them. */
export const CHANNEL = { stdin: 0, stdout: 1, stderr: 2, status: 3, resize: 4, close: 255 } as const;

const HEADER_BYTES = 5;
const MAX_FRAME_BYTES = 2 ** 20;

export interface Frame {
  readonly channel: number;
  readonly payload: Buffer;
}

export function encodeFrame(channel: number, payload: Uint8Array): Buffer {
  const frame = Buffer.allocUnsafe(HEADER_BYTES + payload.length);
  frame.writeUInt8(channel, 0);
  frame.writeUInt32BE(payload.length, 1);
  frame.set(payload, HEADER_BYTES);
  return frame;
}

/** Takes bytes as they come and gives whole frames. */
export class FrameDecoder {
  #pending: Buffer = Buffer.alloc(0);

  /** Throws RangeError when a frame is longer than allowed: the stream is then of no use any more. */
  push(chunk: Buffer): Frame[] {
    let buffer = this.#pending.length ? Buffer.concat([this.#pending, chunk]) : chunk;
    const frames: Frame[] = [];
    while (buffer.length >= HEADER_BYTES) {
      const length = buffer.readUInt32BE(1);
      if (length > MAX_FRAME_BYTES) throw new RangeError(`a frame of ${length} bytes is too long`);
      if (buffer.length < HEADER_BYTES + length) break;
      frames.push({
        channel: buffer.readUInt8(0),
        payload: buffer.subarray(HEADER_BYTES, HEADER_BYTES + length),
      });
      buffer = buffer.subarray(HEADER_BYTES + length);
    }
    this.#pending = buffer;
    return frames;
  }
}
