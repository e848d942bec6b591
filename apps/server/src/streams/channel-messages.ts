import type { WebSocket } from 'ws';

export interface ChannelMessage {
  readonly channel: number;
  readonly payload: Uint8Array;
}

/** How a channel's bytes become a message: binary with the number as first byte, or text in base64 behind a digit. */
export interface ChannelCodec {
  encode(channel: number, payload: Uint8Array): Buffer | string;
  /** Undefined for a message without a channel. */
  decode(data: Buffer): ChannelMessage | undefined;
}

const BINARY: ChannelCodec = {
  encode: (channel, payload) => Buffer.concat([Uint8Array.of(channel), payload]),
  decode: (data) => {
    const channel = data[0];
    return channel === undefined ? undefined : { channel, payload: data.subarray(1) };
  },
};

const DIGIT_ZERO = 0x30;

const BASE64: ChannelCodec = {
  encode: (channel, payload) =>
    String.fromCharCode(DIGIT_ZERO + channel) + Buffer.from(payload).toString('base64'),
  decode: (data) => {
    const digit = data[0];
    if (digit === undefined || digit < DIGIT_ZERO) return undefined;
    return {
      channel: digit - DIGIT_ZERO,
      payload: Buffer.from(data.subarray(1).toString('latin1'), 'base64'),
    };
  },
};

export const codecOf = (protocol: string): ChannelCodec => (protocol.includes('base64') ? BASE64 : BINARY);

/** Output waiting for a slow client, before its source is held back. */
const MAX_BUFFERED = 1024 * 1024;

/** Sends; resolves at once while little waits, else when this message has gone out. Never rejects. */
export function sendMessage(socket: WebSocket, message: Buffer | string): Promise<void> {
  if (socket.readyState !== socket.OPEN) return Promise.resolve();
  return new Promise((resolve) => {
    // The reason of a failure follows as the socket's 'close'.
    socket.send(message, () => resolve());
    if (socket.bufferedAmount < MAX_BUFFERED) resolve();
  });
}
