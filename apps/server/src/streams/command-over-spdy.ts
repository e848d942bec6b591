import type { Readable } from 'node:stream';
import { CHANNEL } from '@wheelhouse/shared/agent/channel-frames';
import type { Status } from '@wheelhouse/shared/meta/object';
import {
  type CommandClient,
  type CommandStreams,
  drainedOrClosed,
  statusText,
  type TakeFrame,
} from './command-client';
import { SpdyConnection } from './spdy/spdy-connection';
import type { SpdyStream } from './spdy/spdy-stream';
import { acceptSpdy, spdyProtocol, type Upgrade } from './upgrade';

/** The first has no name of its own: clients that name none mean it. */
const FIRST_PROTOCOL = 'channel.k8s.io';
const PROTOCOLS = [FIRST_PROTOCOL, 'v2.channel.k8s.io', 'v3.channel.k8s.io', 'v4.channel.k8s.io'];
/** How long a client may take to open its streams. */
const STREAMS_MS = 30_000;
const MAX_STREAMS = 16;
const MAX_SIZE_BYTES = 4096;

type StreamType = 'error' | 'stdin' | 'stdout' | 'stderr' | 'resize';

/** The protocol, before anything is answered. Throws Forbidden when there is none in common. */
export const commandProtocolOfSpdy = (upgrade: Upgrade): string =>
  spdyProtocol(upgrade.req, PROTOCOLS, FIRST_PROTOCOL);

/**
 * exec and attach over SPDY, as kubectl up to 1.30 and Go programs speak it: one stream each for input, outputs, sizes
 * and the end. Resolves when the client has opened those that it asked for; rejects when it does not.
 */
export async function commandOverSpdy(upgrade: Upgrade, asked: CommandStreams): Promise<CommandClient> {
  const protocol = commandProtocolOfSpdy(upgrade);
  const version = Math.max(1, PROTOCOLS.indexOf(protocol) + 1);
  const expected = new Set<StreamType>(['error']);
  for (const type of ['stdin', 'stdout'] as const) if (asked[type]) expected.add(type);
  if (asked.stderr && !asked.tty) expected.add('stderr');
  if (asked.tty && version >= 3) expected.add('resize');

  const streams = new Map<string, SpdyStream>();
  const socket = acceptSpdy(upgrade, protocol);
  const connection = await new Promise<SpdyConnection>((resolve, reject) => {
    const opened = new SpdyConnection(socket, {
      clock: upgrade.clock,
      maxStreams: MAX_STREAMS,
      onStream(stream) {
        const type = stream.headers.streamtype ?? '';
        if (streams.has(type)) {
          stream.destroy();
          return;
        }
        streams.set(type, stream);
        if ([...expected].every((name) => streams.has(name))) {
          cancel();
          resolve(opened);
        }
      },
    });
    const cancel = upgrade.clock.after(STREAMS_MS, () => opened.destroy());
    void opened.closed.then(() => {
      cancel();
      reject(new Error('the client did not open its streams'));
    });
  });
  return new SpdyCommandClient(connection, streams, version);
}

class SpdyCommandClient implements CommandClient {
  readonly gone: Promise<void>;

  constructor(
    private readonly connection: SpdyConnection,
    private readonly streams: ReadonlyMap<string, SpdyStream>,
    private readonly version: number,
  ) {
    this.gone = connection.closed;
    // What these send is nothing that is asked for, but it has to be read for their end to be seen.
    for (const type of ['error', 'stdout', 'stderr']) streams.get(type)?.resume();
  }

  receive(take: TakeFrame): void {
    const stdin = this.streams.get('stdin');
    const resize = this.streams.get('resize');
    if (stdin) void passInput(stdin, take);
    if (resize) void passSizes(resize, take);
  }

  async send(channel: number, payload: Uint8Array): Promise<void> {
    const stream = this.streams.get(channel === CHANNEL.stdout ? 'stdout' : 'stderr');
    if (!stream?.writable || stream.write(payload)) return;
    await drainedOrClosed(stream);
  }

  finish(status: Status): void {
    this.streams.get('error')?.end(this.version >= 4 ? JSON.stringify(status) : statusText(status));
    for (const type of ['stdout', 'stderr']) this.streams.get(type)?.end();
    // Whatever the client still sends has nobody to read it.
    for (const type of ['stdin', 'resize']) this.streams.get(type)?.resume();
    this.connection.close();
  }
}

async function passInput(stdin: Readable, take: TakeFrame): Promise<void> {
  try {
    for await (const chunk of stdin) await take(CHANNEL.stdin, chunk);
    await take(CHANNEL.close, Uint8Array.of(CHANNEL.stdin));
  } catch {
    // The client hung up: the command is told by the end of the connection.
  }
}

/** Sizes come as JSON, one after the other, a line each. */
async function passSizes(resize: Readable, take: TakeFrame): Promise<void> {
  let pending = '';
  try {
    for await (const chunk of resize) {
      const lines = `${pending}${chunk}`.split('\n');
      pending = lines.pop() ?? '';
      for (const line of lines) if (line.trim()) await take(CHANNEL.resize, Buffer.from(line));
      if (pending.length > MAX_SIZE_BYTES) return;
    }
  } catch {
    // As above.
  }
}
