import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { PassThrough } from 'node:stream';
import { MemoryClient } from '@wheelhouse/shared/client/testing/memory-client';
import { systemClock } from '@wheelhouse/shared/clock';
import { asApiError } from '@wheelhouse/shared/errors';
import { podKind } from '@wheelhouse/shared/kinds/core/pod';
import pino from 'pino';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import { serveExec } from '../../../node-agent/src/kubelet/server/exec-stream';
import { createTunnelServer } from '../../../node-agent/src/tunnel/serve-tunnel';
import { SpdyTestClient } from '../streams/testing/spdy-client';
import { NodeTunnels } from './node-tunnels';
import { createPodCommandHandler } from './pod-command';

const log = pino({ enabled: false });
let tunnels: NodeTunnels;
let sockets: WebSocketServer;
let api: Server;
let asked: string[];
let resized: object[];
let closed: number;

/** A "command" that echoes its input and ends with 7, served by the kubelet's own code. */
function echoSession() {
  const stdin = new PassThrough();
  const stdout = new PassThrough();
  const stderr = new PassThrough();
  stdin.pipe(stdout);
  stderr.end('warning');
  return {
    stdin,
    stdout,
    stderr,
    exit: once(stdout, 'end').then(() => 7),
    async resize(size: object) {
      resized.push(size);
    },
    close() {
      closed++;
      stdin.destroy();
      stdout.destroy();
    },
  };
}

beforeEach(async () => {
  asked = [];
  resized = [];
  closed = 0;
  const client = new MemoryClient();
  await client.create(podKind, {
    metadata: { namespace: 'ns', name: 'p' },
    spec: { nodeName: 'a', containers: [{ name: 'c', image: 'i' }] },
  });
  tunnels = new NodeTunnels({ clock: systemClock, log });
  sockets = new WebSocketServer({ port: 0, host: '127.0.0.1' });
  await once(sockets, 'listening');
  const agent = new WebSocket(`ws://127.0.0.1:${(sockets.address() as AddressInfo).port}`);
  createTunnelServer({
    clock: systemClock,
    log,
    handler(req, res) {
      asked.push(req.url);
      res.writeHead(200);
      void serveExec(echoSession(), req, res.stream);
    },
  }).serve(agent);
  const [accepted] = await once(sockets, 'connection');
  await tunnels.attach('a', accepted);
  const handler = createPodCommandHandler('exec', { client, nodes: tunnels, clock: systemClock, log });
  api = createServer();
  api.on('upgrade', (req, socket, head) => {
    const url = new URL(req.url ?? '', 'http://api');
    const resource = {
      verb: 'get',
      group: '',
      version: 'v1',
      plural: 'pods',
      subresource: 'exec',
      namespace: 'ns',
      name: url.pathname.slice(1),
    };
    handler
      .upgrade?.({ user: { name: 'u', groups: [] }, method: 'GET', url, resource }, req, socket, head)
      .catch((error) => socket.end(`HTTP/1.1 ${asApiError(error).code} Refused\r\n\r\n`));
  });
  api.listen(0, '127.0.0.1');
  await once(api, 'listening');
});
afterEach(async () => {
  await tunnels.stop();
  sockets.close();
  api.closeAllConnections();
  api.close();
});

function open(path: string, protocols = ['v5.channel.k8s.io', 'v4.channel.k8s.io']): WebSocket {
  return new WebSocket(`ws://127.0.0.1:${(api.address() as AddressInfo).port}${path}`, protocols);
}

/** What arrives per channel, until the socket closes. */
async function collect(ws: WebSocket): Promise<Map<number, Buffer>> {
  const parts = new Map<number, Buffer[]>();
  ws.on('message', (data: Buffer) => {
    const channel = data[0] ?? -1;
    parts.set(channel, parts.get(channel) ?? []);
    parts.get(channel)?.push(data.subarray(1));
  });
  await once(ws, 'close');
  return new Map([...parts].map(([channel, list]) => [channel, Buffer.concat(list)]));
}

const message = (channel: number, payload: string | Buffer) =>
  Buffer.concat([Buffer.from([channel]), Buffer.from(payload)]);

describe('pods/exec over SPDY', () => {
  const connect = (path: string, protocols: readonly string[]) =>
    SpdyTestClient.connect((api.address() as AddressInfo).port, path, protocols);
  const query = '/p?command=sh&stdin=true&stdout=true&stderr=true';

  it('carries input, both outputs and the exit code', async () => {
    const client = await connect(query, ['v4.channel.k8s.io', 'v3.channel.k8s.io']);
    const open = (type: string) => client.open({ streamType: type });
    const [error, stdin] = [await open('error'), await open('stdin')];
    const [stdout, stderr] = [await open('stdout'), await open('stderr')];
    const bytes = randomBytes(2 * 1024 * 1024);
    client.send(stdin, bytes, true);
    await client.until(() => error.fin && stdout.fin && stderr.fin);
    expect(stdout.received.equals(bytes)).toBe(true);
    expect(stderr.received.toString()).toBe('warning');
    expect(JSON.parse(error.received.toString())).toMatchObject({
      reason: 'NonZeroExitCode',
      details: { causes: [{ reason: 'ExitCode', message: '7' }] },
    });
    client.socket.destroy();
  });

  it('passes sizes of a terminal on, which has no stream of errors', async () => {
    const client = await connect(`${query}&tty=true`, ['v3.channel.k8s.io']);
    const error = await client.open({ streamType: 'error' });
    const stdin = await client.open({ streamType: 'stdin' });
    await client.open({ streamType: 'stdout' });
    const resize = await client.open({ streamType: 'resize' });
    client.send(resize, '{"Width":80,"Height":24}\n{"Width":');
    client.send(resize, '90,"Height":30}\n');
    await vi.waitFor(() =>
      expect(resized).toEqual([
        { width: 80, height: 24 },
        { width: 90, height: 30 },
      ]),
    );
    client.send(stdin, 'x', true);
    await client.until(() => error.fin);
    // Before v4 the end is told in words.
    expect(error.received.toString()).toBe('command terminated with non-zero exit code: exit status 7');
    client.socket.destroy();
  });

  it('refuses a client that speaks none of its protocols', async () => {
    await expect(connect(query, ['v9.channel.k8s.io'])).rejects.toThrow('refused with 403');
  });

  it('ends the command when the client leaves', async () => {
    const client = await connect(query, ['v4.channel.k8s.io']);
    for (const type of ['error', 'stdin', 'stdout', 'stderr']) await client.open({ streamType: type });
    await vi.waitFor(() => expect(asked).toHaveLength(1));
    client.socket.destroy();
    await vi.waitFor(() => expect(closed).toBe(1));
  });
});

describe('pods/exec over WebSocket', () => {
  it('keeps nothing of 1,000 commands', async () => {
    const sockets = () => process.getActiveResourcesInfo().filter((name) => /TCP|TLS/.test(name)).length;
    const before = sockets();
    for (let round = 0; round < 20; round++) {
      await Promise.all(
        Array.from({ length: 50 }, async () => {
          const ws = open('/p?command=true&stdin=true&stdout=true');
          const collected = collect(ws);
          await once(ws, 'open');
          ws.send(message(255, Buffer.from([0])));
          await collected;
        }),
      );
    }
    expect(asked).toHaveLength(1000);
    await vi.waitFor(() => expect(closed).toBe(1000));
    await vi.waitFor(() => expect(sockets()).toBeLessThanOrEqual(before + 5));
  });

  it('speaks base64 to those who ask for it', async () => {
    const ws = open('/p?command=cat&stdin=true&stdout=true&stderr=true', ['v4.base64.channel.k8s.io']);
    const texts: string[] = [];
    ws.on('message', (data: Buffer, isBinary: boolean) => {
      expect(isBinary).toBe(false);
      texts.push(data.toString());
    });
    await once(ws, 'open');
    ws.send(`0${Buffer.from('hello').toString('base64')}`);
    await vi.waitFor(() => expect(texts).toContain(`1${Buffer.from('hello').toString('base64')}`));
    expect(texts).toContain(`2${Buffer.from('warning').toString('base64')}`);
    ws.terminate();
  });

  it('carries input, output, errors, sizes and the exit code', async () => {
    const ws = open('/p?command=sh&command=-c&command=a%20b&stdin=true&stdout=true&stderr=true');
    const collected = collect(ws);
    await once(ws, 'open');
    expect(ws.protocol).toBe('v5.channel.k8s.io');
    ws.send(message(4, '{"Width":80,"Height":24}'));
    ws.send(message(0, 'hello'));
    ws.send(message(255, Buffer.from([0])));
    const channels = await collected;
    expect(asked).toEqual([
      '/exec/ns/p/c?stdin=true&stdout=true&stderr=true&command=sh&command=-c&command=a+b',
    ]);
    expect(channels.get(1)?.toString()).toBe('hello');
    expect(channels.get(2)?.toString()).toBe('warning');
    expect(resized).toEqual([{ width: 80, height: 24 }]);
    expect(JSON.parse(channels.get(3)?.toString() ?? '')).toMatchObject({
      reason: 'NonZeroExitCode',
      details: { causes: [{ reason: 'ExitCode', message: '7' }] },
    });
  });

  it('loses nothing of 10 MB there and back', async () => {
    const ws = open('/p?command=cat&stdin=true&stdout=true');
    const collected = collect(ws);
    await once(ws, 'open');
    const chunk = randomBytes(64 * 1024);
    for (let sent = 0; sent < 160; sent++) ws.send(message(0, chunk));
    ws.send(message(255, Buffer.from([0])));
    const output = (await collected).get(1) ?? Buffer.alloc(0);
    expect(output.length).toBe(160 * chunk.length);
    expect(output.subarray(-chunk.length).equals(chunk)).toBe(true);
  });

  it('ends the command when the client leaves', async () => {
    const ws = open('/p?command=cat&stdin=true&stdout=true');
    await once(ws, 'open');
    ws.terminate();
    await vi.waitFor(() => expect(closed).toBe(1));
  });

  it('says so when the node is lost in the middle', async () => {
    const ws = open('/p?command=cat&stdin=true&stdout=true');
    const collected = collect(ws);
    await once(ws, 'open');
    for (const socket of sockets.clients) socket.terminate();
    expect(JSON.parse((await collected).get(3)?.toString() ?? '')).toMatchObject({
      status: 'Failure',
      message: 'the connection to the node was lost',
    });
  });

  it.each([
    ['/p?stdout=true', undefined, 400],
    ['/p?command=x&container=none', undefined, 400],
    ['/none?command=x', undefined, 404],
    ['/p?command=x', ['chat'], 400],
  ])('refuses %s', async (path, protocols, code) => {
    const ws = open(path, protocols);
    const [, response] = await once(ws, 'unexpected-response');
    expect(response.statusCode).toBe(code);
    ws.on('error', () => {});
    ws.terminate();
  });
});
