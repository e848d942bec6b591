import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { deflateSync } from 'node:zlib';
import { systemClock } from '@wheelhouse/shared/clock';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { SpdyTestClient } from '../testing/spdy-client';
import { controlFrame, dataHeader, FRAME, SpdyFrameDecoder, words } from './frames';
import { SpdyConnection } from './spdy-connection';
import { SPDY_DICTIONARY } from './spdy-dictionary';
import type { SpdyStream } from './spdy-stream';

let server: Server;
let port: number;
let onStream: (stream: SpdyStream) => void;
let connections: { connection: SpdyConnection; socket: Socket }[];

beforeEach(async () => {
  connections = [];
  onStream = (stream) => stream.pipe(stream);
  server = createServer((socket) => {
    const connection = new SpdyConnection(socket, {
      clock: systemClock,
      maxStreams: 4,
      onStream: (stream) => onStream(stream),
    });
    connections.push({ connection, socket });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  port = (server.address() as AddressInfo).port;
});
afterEach(async () => {
  for (const { connection } of connections) connection.destroy();
  server.close();
  await once(server, 'close');
});

describe('SPDY/3.1', () => {
  it('echoes several streams side by side, each with its own end', async () => {
    const client = await SpdyTestClient.dial(port);
    const [first, second] = [await client.open({ a: '1' }), await client.open({ b: '2' })];
    const bytes = randomBytes(300_000);
    client.send(first, bytes.subarray(0, 100_000));
    client.send(second, 'short', true);
    client.send(first, bytes.subarray(100_000), true);
    await client.until(() => first.fin && second.fin);
    expect(first.received.equals(bytes)).toBe(true);
    expect(second.received.toString()).toBe('short');
    expect([first, second].every(({ replied, reset }) => replied && !reset)).toBe(true);
    client.socket.destroy();
  });

  it('reads headers block after block, as one compression', async () => {
    const seen: unknown[] = [];
    onStream = (stream) => {
      seen.push({ ...stream.headers });
      stream.end();
    };
    const client = await SpdyTestClient.dial(port);
    for (const type of ['error', 'data', 'error']) {
      const stream = await client.open({ streamType: type, port: '80' }, true);
      await client.until(() => stream.fin);
    }
    expect(seen).toEqual(['error', 'data', 'error'].map((streamtype) => ({ streamtype, port: '80' })));
    client.socket.destroy();
  });

  it('answers pings, and refuses more streams than it serves', async () => {
    const client = await SpdyTestClient.dial(port);
    client.ping(7);
    await client.until(() => client.pings.includes(7));
    const streams: Awaited<ReturnType<typeof client.open>>[] = [];
    for (let count = 0; count < 5; count++) streams.push(await client.open({}));
    await client.until(() => streams[4]?.reset === true);
    expect(streams.slice(0, 4).every(({ reset }) => !reset)).toBe(true);
    client.socket.destroy();
  });

  it('holds the client back while nobody reads, then loses nothing', async () => {
    let stream: SpdyStream | undefined;
    onStream = (opened) => {
      stream = opened;
    };
    const client = await SpdyTestClient.dial(port);
    const sent = await client.open({});
    const chunk = randomBytes(256 * 1024);
    for (let count = 0; count < 64; count++) client.send(sent, chunk);
    client.send(sent, '', true);
    await vi.waitFor(() => expect(stream?.lags).toBe(true));
    const held = connections[0]?.socket.bytesRead ?? 0;
    expect(held).toBeLessThan(4 * 1024 * 1024);
    expect(stream?.readableLength).toBeLessThan(1024 * 1024);
    let received = 0;
    for await (const bytes of stream ?? []) received += bytes.length;
    expect(received).toBe(64 * chunk.length);
    client.socket.destroy();
  });

  it('tells a stream of a client that hangs up', async () => {
    const closed = new Promise((resolve) => {
      onStream = (stream) => stream.once('close', resolve);
    });
    const client = await SpdyTestClient.dial(port);
    const stream = await client.open({});
    await client.until(() => stream.replied);
    client.socket.destroy();
    await closed;
  });

  it.each([
    ['HTTP', Buffer.from('GET / HTTP/1.1\r\n\r\n'.repeat(1000))],
    ['another version', Buffer.from([0x80, 0x02, 0, 1, 0, 0, 0, 0])],
    ['data for stream 0', dataHeader(0, 4, false)],
    ['an endless control frame', Buffer.from([0x80, 3, 0, 1, 0, 0xff, 0xff, 0xff])],
    ['headers that are no zlib', synStream(randomBytes(64))],
    ['a bomb', synStream(deflateSync(Buffer.alloc(8 * 1024 * 1024), { dictionary: SPDY_DICTIONARY }))],
    ['a count that lies', synStream(deflateSync(words(1_000_000), { dictionary: SPDY_DICTIONARY }))],
  ])('hangs up on %s', async (_name, bytes) => {
    const client = await SpdyTestClient.dial(port);
    client.socket.write(bytes);
    if (!client.socket.destroyed) await once(client.socket, 'close');
  });
});

function synStream(block: Buffer): Buffer {
  return controlFrame(FRAME.synStream, 0, Buffer.concat([words(1, 0), Buffer.alloc(2), block]));
}

describe('SPDY frames', () => {
  it('come out the same however the bytes are cut', () => {
    const bytes = Buffer.concat([
      dataHeader(1, 5, false),
      Buffer.from('hello'),
      controlFrame(FRAME.ping, 0, words(9)),
      dataHeader(3, 0, true),
      dataHeader(1, 3, true),
      Buffer.from('end'),
    ]);
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: bytes.length - 1 }), { maxLength: 12 }), (cuts) => {
        const decoder = new SpdyFrameDecoder();
        const data = new Map<number, string>();
        const ended: number[] = [];
        let pings = 0;
        const edges = [0, ...[...cuts].sort((a, b) => a - b), bytes.length];
        for (let index = 1; index < edges.length; index++) {
          for (const frame of decoder.push(bytes.subarray(edges[index - 1], edges[index]))) {
            if (frame.type === 'control') pings++;
            else {
              data.set(frame.stream, (data.get(frame.stream) ?? '') + frame.payload.toString());
              if (frame.fin) ended.push(frame.stream);
            }
          }
        }
        expect([...data]).toEqual([
          [1, 'helloend'],
          [3, ''],
        ]);
        expect(ended).toEqual([3, 1]);
        expect(pings).toBe(1);
      }),
    );
  });
});
