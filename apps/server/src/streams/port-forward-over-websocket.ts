import { Duplex, Writable } from 'node:stream';
import { badRequest } from '@wheelhouse/shared/errors';
import { createWebSocketStream, type WebSocket } from 'ws';
import { type ChannelCodec, codecOf, sendMessage } from './channel-messages';
import { type ForwardTarget, forwardConnection } from './forward-port';
import { serveForwards } from './port-forward-over-spdy';
import { acceptWebSocket, offeredProtocols, type Upgrade } from './upgrade';

/** kubectl from 1.30 on: the bytes of a SPDY connection as WebSocket messages. */
export const TUNNEL_PROTOCOL = 'SPDY/3.1+portforward.k8s.io';
/** The older form: two channels for each port. */
const CHANNEL_PROTOCOLS = ['v4.channel.k8s.io', 'v4.base64.channel.k8s.io', 'portforward.k8s.io'];

const MAX_MESSAGE = 4 * 1024 * 1024;
const MAX_PORTS = 100;

/** Port-forward over SPDY within a WebSocket. */
export async function forwardOverTunnel(upgrade: Upgrade, target: ForwardTarget): Promise<void> {
  const socket = await acceptWebSocket(upgrade, TUNNEL_PROTOCOL, MAX_MESSAGE);
  await serveForwards(createWebSocketStream(socket), target, upgrade.clock);
}

/** Reads the query's `ports`, each a number or several with commas. Throws BadRequest. */
export function portsAsked(query: URLSearchParams): number[] {
  const ports = query
    .getAll('ports')
    .flatMap((text) => text.split(','))
    .map((text) => {
      const port = Number(text);
      if (!/^\d+$/.test(text.trim()) || port < 1 || port > 65_535)
        throw badRequest(`query parameter "ports" has an invalid port: ${JSON.stringify(text.slice(0, 32))}`);
      return port;
    });
  if (ports.length === 0) throw badRequest('query parameter "ports" is required');
  if (ports.length > MAX_PORTS) throw badRequest(`at most ${MAX_PORTS} ports can be forwarded at once`);
  return ports;
}

/**
 * Port-forward over WebSocket channels, as the JavaScript and Python clients speak it: channel 2i is the connection to
 * the i-th port, 2i+1 its errors; each begins with the port's number. One connection for each port, made at once.
 */
export async function forwardOverChannels(
  upgrade: Upgrade,
  ports: readonly number[],
  target: ForwardTarget,
): Promise<void> {
  const offered = offeredProtocols(upgrade.req);
  const protocol = offered.find((name) => CHANNEL_PROTOCOLS.includes(name));
  if (protocol === undefined && offered.length > 0)
    throw badRequest(
      `none of the protocols ${JSON.stringify(offered)} is served; these are: ${[TUNNEL_PROTOCOL, ...CHANNEL_PROTOCOLS].join(', ')}`,
    );
  const socket = await acceptWebSocket(upgrade, protocol, MAX_MESSAGE);
  socket.on('error', () => socket.terminate());
  const codec = codecOf(protocol ?? '');
  const connections = ports.map((port, index) => ({
    port,
    data: new ChannelDuplex(socket, codec, 2 * index),
    error: channelWritable(socket, codec, 2 * index + 1),
  }));
  for (const { port, data, error } of connections) {
    const prefix = Buffer.alloc(2);
    prefix.writeUInt16LE(port);
    data.write(prefix);
    error.write(prefix);
  }
  socket.on('message', (message: Buffer) => {
    const part = codec.decode(message);
    if (!part || part.channel % 2 !== 0) return;
    connections[part.channel / 2]?.data.deliver(Buffer.from(part.payload));
  });
  socket.once('close', () => {
    for (const { data } of connections) data.destroy();
  });
  await Promise.all(
    connections.map(({ port, data, error }) => forwardConnection(port, { data, error }, target)),
  );
  if (socket.readyState === socket.OPEN) socket.close(1000);
}

/** One channel as a byte stream. While its reader lags behind, the whole socket is held back. */
class ChannelDuplex extends Duplex {
  constructor(
    private readonly socket: WebSocket,
    private readonly codec: ChannelCodec,
    private readonly channel: number,
  ) {
    super();
    this.on('error', () => undefined);
  }

  deliver(payload: Buffer): void {
    if (!this.destroyed && !this.push(payload)) this.socket.pause();
  }

  override _read(): void {
    if (this.socket.isPaused) this.socket.resume();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    void sendMessage(this.socket, this.codec.encode(this.channel, chunk)).then(done);
  }
}

function channelWritable(socket: WebSocket, codec: ChannelCodec, channel: number): Writable {
  return new Writable({
    write: (chunk: Buffer, _encoding, done) => {
      void sendMessage(socket, codec.encode(channel, chunk)).then(() => done());
    },
  });
}
