import { randomBytes } from 'node:crypto';
import { EventEmitter, once } from 'node:events';
import { createServer, request, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Readable } from 'node:stream';
import { MemoryClient } from '@wheelhouse/shared/client/testing/memory-client';
import { systemClock } from '@wheelhouse/shared/clock';
import { asApiError } from '@wheelhouse/shared/errors';
import { nodeKind } from '@wheelhouse/shared/kinds/core/node';
import { podKind } from '@wheelhouse/shared/kinds/core/pod';
import type { Pod } from 'kubernetes-types/core/v1';
import pino from 'pino';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import { createTunnelServer, type TunnelHandler } from '../../../node-agent/src/tunnel/serve-tunnel';
import { NodeTunnels } from './node-tunnels';
import { createPodLogHandler } from './pod-log';

const log = pino({ enabled: false });
const clock = systemClock;
let client: MemoryClient;
let tunnels: NodeTunnels;
let api: Server;
let kubelet: TunnelHandler;
let sockets: WebSocketServer;

beforeEach(async () => {
  client = new MemoryClient();
  tunnels = new NodeTunnels({ clock, log });
  sockets = new WebSocketServer({ port: 0, host: '127.0.0.1' });
  await once(sockets, 'listening');
  const agent = new WebSocket(`ws://127.0.0.1:${(sockets.address() as AddressInfo).port}`);
  createTunnelServer({ handler: (req, res) => kubelet(req, res), clock, log }).serve(agent);
  const [accepted] = await once(sockets, 'connection');
  await tunnels.attach('a', accepted);
  const handler = createPodLogHandler({ client, nodes: tunnels, clock, log });
  const requestOf = (path = '') => {
    const url = new URL(path, 'http://api');
    const name = url.pathname.slice(1);
    const resource = { verb: 'get', group: '', version: 'v1', plural: 'pods', namespace: 'ns', name };
    const user = { name: 'u', groups: [] };
    return { user, method: 'GET', url, resource: { ...resource, subresource: 'log' } };
  };
  api = createServer((req, res) => {
    handler
      .handle(requestOf(req.url), req, res, async (sent) => sent)
      .catch((error) => {
        const { code, status } = asApiError(error);
        res.writeHead(code).end(status.message);
      });
  });
  api.on('upgrade', (req, socket, head) => {
    handler
      .upgrade?.(requestOf(req.url), req, socket, head)
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

async function get(path: string) {
  const req = request({ host: '127.0.0.1', port: (api.address() as AddressInfo).port, path });
  req.end();
  const [res] = await once(req, 'response');
  return { req, res };
}

async function answer(path: string): Promise<[number, string]> {
  const { res } = await get(path);
  let text = '';
  for await (const chunk of res) text += chunk;
  return [res.statusCode, text];
}

const pod = (
  name: string,
  spec: Partial<Pod['spec']> = {},
  annotations: Record<string, string> = {},
): Pod => ({
  metadata: { namespace: 'ns', name, annotations },
  spec: { nodeName: 'a', containers: [{ name: 'main', image: 'i' }], ...spec },
});
const two = [
  { name: 'one', image: 'i' },
  { name: 'two', image: 'i' },
];

describe('pods/log', () => {
  it('asks the pod’s node with the options that it was asked with', async () => {
    kubelet = (req, res) => res.end(req.url);
    await client.create(podKind, pod('web'));
    const query =
      'follow=true&tailLines=5&timestamps=1&sinceSeconds=60&limitBytes=100&previous=false&unknown=x';
    expect(await answer(`/web?${query}`)).toEqual([
      200,
      '/containerLogs/ns/web/main?follow=true&timestamps=true&sinceSeconds=60&tailLines=5&limitBytes=100',
    ]);
  });

  it('chooses the container, or lists the choices', async () => {
    kubelet = (req, res) => res.end(req.url?.split('/').at(-1) ?? '');
    await client.create(
      podKind,
      pod('both', { containers: two, initContainers: [{ name: 'init', image: 'i' }] }),
    );
    await client.create(
      podKind,
      pod('says', { containers: two }, { 'kubectl.kubernetes.io/default-container': 'two' }),
    );
    expect(await answer('/both')).toEqual([
      400,
      'a container name must be specified for pod both, choose one of: [one two] or one of the init containers: [init]',
    ]);
    expect(await answer('/both?container=init')).toEqual([200, 'init']);
    expect(await answer('/both?container=none')).toEqual([400, 'container none is not valid for pod both']);
    expect(await answer('/says')).toEqual([200, 'two']);
  });

  it('refuses options that make no sense', async () => {
    await client.create(podKind, pod('web'));
    expect((await answer('/web?tailLines=-1'))[0]).toBe(422);
    expect((await answer('/web?sinceSeconds=5&sinceTime=2026-01-01T00:00:00Z'))[0]).toBe(422);
    expect((await answer('/web?limitBytes=many'))[0]).toBe(400);
    expect((await answer('/none'))[0]).toBe(404);
  });

  it('passes on why the node refuses, and says when the node is away', async () => {
    kubelet = (_req, res) => {
      res.writeHead(400);
      res.end('container "main" in pod "web" is waiting to start: ContainerCreating\n');
    };
    await client.create(podKind, pod('web'));
    await client.create(podKind, pod('lost', { nodeName: 'b' }));
    await client.create(podKind, pod('early', { nodeName: '' }));
    await client.create(podKind, pod('nowhere', { nodeName: 'c' }));
    await client.create(nodeKind, { metadata: { name: 'b' } });
    expect(await answer('/web')).toEqual([
      400,
      'container "main" in pod "web" is waiting to start: ContainerCreating',
    ]);
    const [code, message] = await answer('/lost');
    expect([code, message]).toEqual([503, expect.stringContaining('node "b" has not connected since')]);
    expect(await answer('/early')).toEqual([204, '']);
    // There is no such node: Kubernetes looks for it under the name of the request's resource.
    expect(await answer('/nowhere')).toEqual([404, 'pods "c" not found']);
  });

  it('shows the first bytes of a followed log at once, and lets go when the reader leaves', async () => {
    const events = new EventEmitter();
    const left = once(events, 'left');
    kubelet = (_req, res) => {
      res.writeHead(200);
      res.write('line 1\n');
      res.on('close', () => events.emit('left'));
    };
    await client.create(podKind, pod('web'));
    const { req, res } = await get('/web?follow=true');
    const [chunk] = await once(res, 'data');
    expect(String(chunk)).toBe('line 1\n');
    res.on('error', () => {});
    req.destroy();
    await left;
  });

  it('holds the node back while the client does not read, and loses nothing of 20 MB', async () => {
    const chunk = randomBytes(64 * 1024);
    let sent = 0;
    kubelet = (_req, res) => {
      res.writeHead(200);
      const lines = function* () {
        for (let index = 0; index < 320; index++) {
          sent += chunk.length;
          yield chunk;
        }
      };
      Readable.from(lines()).pipe(res.stream);
    };
    await client.create(podKind, pod('web'));
    const { res } = await get('/web');
    res.pause();
    // Other requests take the same way meanwhile; they give the log time to fill what there is to fill.
    for (let round = 0; round < 10; round++) expect((await answer('/none'))[0]).toBe(404);
    expect(sent).toBeLessThan(16 * 1024 * 1024);
    let received = 0;
    for await (const part of res) received += part.length;
    expect(received).toBe(320 * chunk.length);
  });

  it.each([
    ['binary.k8s.io', 'line 1\n'],
    ['base64.binary.k8s.io', Buffer.from('line 1\n').toString('base64')],
  ])('is sent over WebSocket as %s', async (protocol, said) => {
    kubelet = (_req, res) => res.end('line 1\n');
    await client.create(podKind, pod('web'));
    const address = `ws://127.0.0.1:${(api.address() as AddressInfo).port}`;
    const socket = new WebSocket(`${address}/web`, protocol);
    const messages: string[] = [];
    socket.on('message', (data) => messages.push(String(data)));
    expect((await once(socket, 'close'))[0]).toBe(1000);
    expect(messages).toEqual(['', said]);
    const [refused] = await once(new WebSocket(`${address}/none`, protocol), 'error');
    expect(String(refused)).toContain('404');
  });

  it('breaks the answer off when the tunnel breaks, instead of ending it as if it were complete', async () => {
    kubelet = (_req, res) => {
      res.writeHead(200);
      res.write('begin');
    };
    await client.create(podKind, pod('web'));
    const { res } = await get('/web?follow=true');
    await once(res, 'data');
    const broken = once(res, 'error');
    for (const socket of sockets.clients) socket.terminate();
    await broken;
  });
});
