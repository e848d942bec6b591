import type { Duplex } from 'node:stream';
import { CHANNEL, encodeFrame, FrameDecoder } from '@wheelhouse/shared/agent/channel-frames';
import { apiError } from '@wheelhouse/shared/errors';
import type { Status } from '@wheelhouse/shared/meta/object';

/** Takes what a client sends; a promise asks it to wait with more. */
export type TakeFrame = (channel: number, payload: Uint8Array) => Promise<void> | undefined;

/** The client's end of a command (exec or attach), whatever it speaks. Channels are those of the node's frames. */
export interface CommandClient {
  /** Begins to hand over input, sizes and ends of channels. */
  receive(take: TakeFrame): void;
  /** Output. Resolves when the client is ready for more; never rejects. */
  send(channel: number, payload: Uint8Array): Promise<void>;
  /** How it ended; then the connection is closed in good order. */
  finish(status: Status): void;
  /** Resolves when the connection is closed, whoever closed it. */
  readonly gone: Promise<void>;
}

/** What a client asked for. */
export interface CommandStreams {
  readonly stdin: boolean;
  readonly stdout: boolean;
  readonly stderr: boolean;
  readonly tty: boolean;
}

/** The node went away in the middle of a command: its exit code will never be known. */
const LOST = apiError('InternalError', 'the connection to the node was lost').status;

/** Passes frames on both ways, each side at the other's pace, until one of them ends. */
export async function relayCommand(client: CommandClient, stream: Duplex): Promise<void> {
  const decoder = new FrameDecoder();
  let status: Status | undefined;
  void client.gone.then(() => stream.destroy());
  client.receive((channel, payload) => {
    if (!stream.writable || stream.write(encodeFrame(channel, payload))) return undefined;
    return drainedOrClosed(stream);
  });
  try {
    for await (const chunk of stream) {
      for (const { channel, payload } of decoder.push(chunk)) {
        if (channel === CHANNEL.error) status = JSON.parse(Buffer.from(payload).toString('utf8'));
        else if (payload.length) await client.send(channel, payload);
      }
    }
  } catch {
    // The node is out of reach, or sent no frames: either way how the command ended is not known.
  }
  stream.destroy();
  client.finish(status ?? LOST);
}

/** Resolves when there is room again, or nobody to write to. */
export function drainedOrClosed(stream: Duplex): Promise<void> {
  return new Promise((resolve) => {
    const settle = () => {
      stream.off('drain', settle);
      stream.off('close', settle);
      resolve();
    };
    stream.once('drain', settle);
    stream.once('close', settle);
  });
}

/** What clients older than the v4 protocol are told on the error channel: nothing, or a text. */
export const statusText = (status: Status): string =>
  status.status === 'Success' ? '' : (status.message ?? 'unknown error');
