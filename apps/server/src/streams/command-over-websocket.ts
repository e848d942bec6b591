import { CHANNEL, MAX_FRAME_PAYLOAD } from '@wheelhouse/shared/agent/channel-frames';
import { badRequest } from '@wheelhouse/shared/errors';
import type { Status } from '@wheelhouse/shared/meta/object';
import type { WebSocket } from 'ws';
import { type ChannelCodec, codecOf, sendMessage } from './channel-messages';
import { type CommandClient, type CommandStreams, statusText, type TakeFrame } from './command-client';
import { acceptWebSocket, offeredProtocols, type Upgrade } from './upgrade';

/** v5 adds the CLOSE signal, without which input has no end; v4 the Status. The rest is older than both. */
const PROTOCOLS = [
  'v5.channel.k8s.io',
  'v4.channel.k8s.io',
  'v4.base64.channel.k8s.io',
  'channel.k8s.io',
  'base64.channel.k8s.io',
];

/** The client's first choice among those served; undefined when it names none. Throws when it only names others. */
export function commandProtocolOfWebSocket({ req }: Upgrade): string | undefined {
  const offered = offeredProtocols(req);
  const common = offered.find((protocol) => PROTOCOLS.includes(protocol));
  if (common === undefined && offered.length > 0)
    throw badRequest(
      `none of the protocols ${JSON.stringify(offered)} is served; these are: ${PROTOCOLS.join(', ')}`,
    );
  return common;
}

/** exec and attach over WebSocket: a message is a channel's number and then its bytes. */
export async function commandOverWebSocket(upgrade: Upgrade, asked: CommandStreams): Promise<CommandClient> {
  const protocol = commandProtocolOfWebSocket(upgrade);
  const socket = await acceptWebSocket(upgrade, protocol, 2 * MAX_FRAME_PAYLOAD);
  const client = new WebSocketCommandClient(socket, asked, protocol ?? 'channel.k8s.io');
  // Says that the connection stands, before there is any output.
  const first = asked.stdout ? CHANNEL.stdout : asked.stderr ? CHANNEL.stderr : CHANNEL.error;
  await client.send(first, new Uint8Array(0));
  return client;
}

class WebSocketCommandClient implements CommandClient {
  readonly gone: Promise<void>;
  readonly #codec: ChannelCodec;

  constructor(
    private readonly socket: WebSocket,
    private readonly asked: CommandStreams,
    private readonly protocol: string,
  ) {
    this.#codec = codecOf(protocol);
    this.gone = new Promise((resolve) => socket.once('close', () => resolve()));
    // What follows from it happens on 'close'.
    socket.on('error', () => socket.terminate());
  }

  receive(take: TakeFrame): void {
    this.socket.on('message', (data: Buffer) => {
      const message = this.#codec.decode(data);
      if (!message || !this.#isInput(message.channel)) return;
      if (message.payload.length > MAX_FRAME_PAYLOAD) {
        this.socket.close(1009);
        return;
      }
      const waits = take(message.channel, message.payload);
      if (!waits) return;
      this.socket.pause();
      void waits.then(() => this.socket.resume());
    });
  }

  #isInput(channel: number): boolean {
    if (channel === CHANNEL.stdin) return this.asked.stdin;
    if (channel === CHANNEL.close) return this.protocol.startsWith('v5.');
    return channel === CHANNEL.resize;
  }

  send(channel: number, payload: Uint8Array): Promise<void> {
    return sendMessage(this.socket, this.#codec.encode(channel, payload));
  }

  finish(status: Status): void {
    if (this.socket.readyState !== this.socket.OPEN) return;
    const text = /^v[45]\./.test(this.protocol) ? JSON.stringify(status) : statusText(status);
    if (text) this.socket.send(this.#codec.encode(CHANNEL.error, Buffer.from(text)));
    this.socket.close(1000);
  }
}
