/**
 * How the server and a kubelet carry exec, attach and port-forward over the tunnel's raw byte stream (HTTP/2 CONNECT
 * to `/exec/<namespace>/<pod>/<container>?command=…&stdin=true&stdout=true&stderr=true&tty=true`, `/attach/…`): a row
 * of frames, both ways.
 *
 *   1 byte   channel
 *   4 bytes  length of the payload, big-endian, at most 1 MiB
 *   rest     payload
 *
 * Channels are those of Kubernetes' WebSocket protocol (`v5.channel.k8s.io`), so the server passes frames on as they
 * are. An empty payload on stdout or stderr means nothing.
 */
export const CHANNEL = {
  stdin: 0,
  stdout: 1,
  stderr: 2,
  /** Kubelet → server, once, last: a Status as JSON. `Success`, or reason `NonZeroExitCode` with cause `ExitCode`. */
  error: 3,
  /** Server → kubelet: `{"Width":80,"Height":24}` as JSON. */
  resize: 4,
  /** Server → kubelet: one byte, the channel whose sender is done; stdin ends. */
  close: 255,
} as const;

export const MAX_FRAME_PAYLOAD = 1024 * 1024;
const HEADER = 5;

export interface ChannelFrame {
  readonly channel: number;
  readonly payload: Uint8Array;
}

export function encodeFrame(channel: number, payload: Uint8Array): Uint8Array {
  const frame = new Uint8Array(HEADER + payload.length);
  frame[0] = channel;
  new DataView(frame.buffer).setUint32(1, payload.length);
  frame.set(payload, HEADER);
  return frame;
}

/** Cuts a byte stream into frames, however its chunks fall. Throws on a length out of bounds. */
export class FrameDecoder {
  #pending: Uint8Array = new Uint8Array(0);

  /** The frames that are complete with this chunk; their payloads are views, valid until the caller drops them. */
  push(chunk: Uint8Array): ChannelFrame[] {
    const bytes = this.#pending.length ? concat(this.#pending, chunk) : chunk;
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const frames: ChannelFrame[] = [];
    let at = 0;
    while (bytes.length - at >= HEADER) {
      const length = view.getUint32(at + 1);
      if (length > MAX_FRAME_PAYLOAD) throw new RangeError(`a frame of ${length} bytes is too long`);
      const start = at + HEADER;
      if (bytes.length < start + length) break;
      frames.push({ channel: bytes[at] ?? 0, payload: bytes.subarray(start, start + length) });
      at = start + length;
    }
    this.#pending = bytes.subarray(at);
    return frames;
  }
}

function concat(first: Uint8Array, second: Uint8Array): Uint8Array {
  const joined = new Uint8Array(first.length + second.length);
  joined.set(first);
  joined.set(second, first.length);
  return joined;
}
