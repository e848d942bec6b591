import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer, request, type Server } from 'node:http';
import {
  type AddressInfo,
  connect,
  createServer as createTcpServer,
  type Server as TcpServer,
} from 'node:net';
import { Duplex } from 'node:stream';
import { systemClock } from '@wheelhouse/shared/clock';
import { asApiError, badRequest } from '@wheelhouse/shared/errors';
import pino from 'pino';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { WebSocket } from 'ws';
import type { ForwardTarget } from './forward-port';
import { forwardOverSpdy } from './port-forward-over-spdy';
import {
  forwardOverChannels,
  forwardOverTunnel,
  portsAsked,
  TUNNEL_PROTOCOL,
} from './port-forward-over-websocket';
import { SpdyTestClient } from './testing/spdy-client';
import { isSpdy, offeredProtocols } from './upgrade';

let api: Server;
let pod: TcpServer;
let podConnections: number;

/** A pod that echoes, and ends when its client has ended. */
beforeEach(async () => {
  podConnections = 0;
  pod = createTcpServer({ allowHalfOpen: true }, (socket) => {
    podConnections++;
    socket.on('error', () => undefined);
    socket.on('close', () => podConnections--);
    socket.pipe(socket);
  });
  pod.listen(0, '127.0.0.1');
  await once(pod, 'listening');
  const podPort = (pod.address() as AddressInfo).port;
  const target: ForwardTarget = {
    pod: 'p, uid u',
    log: pino({ enabled: false }),
    async dial(port) {
      if (port !== 80) throw badRequest('nothing listens');
      const socket = connect({ host: '127.0.0.1', port: podPort, allowHalfOpen: true });
      await once(socket, 'connect');
      return socket;
    },
  };
  api = createServer();
  api.on('upgrade', (req, socket, head) => {
    const upgrade = { req, socket, head, clock: systemClock };
    const query = new URL(req.url ?? '', 'http://api').searchParams;
    const forward = async () => {
      if (isSpdy(req)) return forwardOverSpdy(upgrade, target);
      if (offeredProtocols(req).includes(TUNNEL_PROTOCOL)) return forwardOverTunnel(upgrade, target);
      return forwardOverChannels(upgrade, portsAsked(query), target);
    };
    forward().catch((error) => socket.end(`HTTP/1.1 ${asApiError(error).code} Refused\r\n\r\n`));
  });
  api.listen(0, '127.0.0.1');
  await once(api, 'listening');
});
afterEach(() => {
  api.closeAllConnections();
  api.close();
  pod.close();
});

const apiPort = () => (api.address() as AddressInfo).port;

/** The bytes within a WebSocket whose protocol has a slash in its name, which the library's client refuses to offer. */
async function tunnel(): Promise<Duplex> {
  const upgrade = request({
    host: '127.0.0.1',
    port: apiPort(),
    headers: {
      connection: 'Upgrade',
      upgrade: 'websocket',
      'sec-websocket-version': '13',
      'sec-websocket-key': randomBytes(16).toString('base64'),
      'sec-websocket-protocol': TUNNEL_PROTOCOL,
    },
  });
  upgrade.end();
  const [answer, socket] = await once(upgrade, 'upgrade');
  expect(answer.headers['sec-websocket-protocol']).toBe(TUNNEL_PROTOCOL);
  let pending = Buffer.alloc(0);
  const stream = new Duplex({
    read: () => undefined,
    // A binary message, masked with zeros.
    write(chunk: Buffer, _encoding, done) {
      const header = Buffer.alloc(14);
      header.set([0x82, 0xff]);
      header.writeBigUInt64BE(BigInt(chunk.length), 2);
      socket.write(Buffer.concat([header, chunk]), done);
    },
    destroy(error, done) {
      socket.destroy();
      done(error);
    },
  });
  socket.on('close', () => stream.destroy());
  socket.on('data', (chunk: Buffer) => {
    pending = Buffer.concat([pending, chunk]);
    for (;;) {
      const short = pending.length < 2 ? -1 : pending.readUInt8(1);
      const header = short < 126 ? 2 : short === 126 ? 4 : 10;
      if (short < 0 || pending.length < header) return;
      const length =
        short < 126 ? short : short === 126 ? pending.readUInt16BE(2) : Number(pending.readBigUInt64BE(2));
      if (pending.length < header + length) return;
      if (pending.readUInt8(0) === 0x82) stream.push(pending.subarray(header, header + length));
      pending = pending.subarray(header + length);
    }
  });
  return stream;
}

async function forward(client: SpdyTestClient, request: string, port = '80') {
  const headers = { port, requestID: request };
  const error = await client.open({ ...headers, streamType: 'error' }, true);
  const data = await client.open({ ...headers, streamType: 'data' });
  return { error, data };
}

describe.each([
  ['SPDY', () => SpdyTestClient.connect(apiPort(), '/', ['portforward.k8s.io'])],
  ['SPDY within WebSocket', async () => new SpdyTestClient(await tunnel())],
])('port-forward over %s', (_name, connectClient) => {
  it('serves many connections at once, each with its own end', async () => {
    const client = await connectClient();
    const pairs: Awaited<ReturnType<typeof forward>>[] = [];
    for (let count = 0; count < 20; count++) pairs.push(await forward(client, String(count)));
    const contents = pairs.map(() => randomBytes(100_000));
    pairs.forEach(({ data }, index) => {
      client.send(data, contents[index] ?? '', true);
    });
    await client.until(() => pairs.every(({ data, error }) => data.fin && error.fin));
    pairs.forEach(({ data, error }, index) => {
      expect(data.received.equals(contents[index] ?? Buffer.alloc(0))).toBe(true);
      expect(error.received.length).toBe(0);
    });
    await vi.waitFor(() => expect(podConnections).toBe(0));
    client.socket.destroy();
  });

  it('says why a port cannot be reached, and serves the others on', async () => {
    const client = await connectClient();
    const { error, data } = await forward(client, '1', '81');
    await client.until(() => error.fin && data.fin);
    expect(error.received.toString()).toBe('error forwarding port 81 to pod p, uid u: nothing listens');
    const other = await forward(client, '2');
    client.send(other.data, 'still here', true);
    await client.until(() => other.data.fin);
    expect(other.data.received.toString()).toBe('still here');
    client.socket.destroy();
  });

  it('ends the connections to the pod when the client leaves', async () => {
    const client = await connectClient();
    const { data } = await forward(client, '1');
    client.send(data, 'x');
    await client.until(() => data.received.length === 1);
    expect(podConnections).toBe(1);
    client.socket.destroy();
    await vi.waitFor(() => expect(podConnections).toBe(0));
  });
});

describe('port-forward over WebSocket channels', () => {
  it('begins each channel with its port, then carries bytes and errors', async () => {
    const socket = new WebSocket(`ws://127.0.0.1:${apiPort()}/?ports=80&ports=81`, ['v4.channel.k8s.io']);
    const received = new Map<number, Buffer>();
    socket.on('message', (data: Buffer) => {
      const channel = data[0] ?? -1;
      received.set(channel, Buffer.concat([received.get(channel) ?? Buffer.alloc(0), data.subarray(1)]));
    });
    await once(socket, 'open');
    socket.send(Buffer.concat([Buffer.from([0]), Buffer.from('ping')]));
    await vi.waitFor(() => {
      expect(received.get(0)).toEqual(Buffer.concat([Buffer.from([80, 0]), Buffer.from('ping')]));
      expect(received.get(1)).toEqual(Buffer.from([80, 0]));
      expect(received.get(3)?.subarray(2).toString()).toContain('nothing listens');
    });
    socket.terminate();
    await vi.waitFor(() => expect(podConnections).toBe(0));
  });

  it.each(['', 'ports=0', 'ports=http', 'ports=70000', `ports=${'1,'.repeat(200)}1`])(
    'refuses %s',
    (query) => {
      expect(() => portsAsked(new URLSearchParams(query))).toThrow(/port/);
    },
  );
});
