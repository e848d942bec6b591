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

describe('pods/exec over WebSocket', () => {
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
