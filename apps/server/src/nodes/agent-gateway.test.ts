import { createHash, randomBytes } from 'node:crypto';
import { EventEmitter, once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { request as httpRequest } from 'node:http';
import type { Http2ServerRequest, Http2ServerResponse } from 'node:http2';
import { createServer, type Server } from 'node:https';
import {
  type AddressInfo,
  createServer as createTcpServer,
  type Socket,
  connect as tcpConnect,
} from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { formatJoinToken } from '@wheelhouse/shared/agent/join-token';
import type { AgentSettings } from '@wheelhouse/shared/agent/protocol';
import { MemoryClient } from '@wheelhouse/shared/client/testing/memory-client';
import { type Clock, systemClock } from '@wheelhouse/shared/clock';
import { isUnavailable } from '@wheelhouse/shared/errors';
import { nodeKind } from '@wheelhouse/shared/kinds/core/node';
import { secretKind } from '@wheelhouse/shared/kinds/core/secret';
import pino from 'pino';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { AgentConnection } from '../../../node-agent/src/connection/connect';
import { openCredentialStore } from '../../../node-agent/src/connection/credential-store';
import { ensureCredential, renewCredential } from '../../../node-agent/src/connection/register';
import { createTunnelServer, type TunnelHandler } from '../../../node-agent/src/tunnel/serve-tunnel';
import { type BootstrapTokens, createBootstrapTokens } from '../auth/bootstrap-tokens';
import { type Credentials, openCredentials } from '../auth/credentials';
import { createAgentGateway } from './agent-gateway';
import { NodeTunnels } from './node-tunnels';

const SETTINGS: AgentSettings = {
  clusterId: 'test',
  clusterDomain: 'cluster.local',
  dnsIp: '10.96.0.10',
  serviceCidr: '10.96.0.0/16',
  podCidr: '10.244.0.0/16',
  apiUrl: 'https://localhost',
};

let directory: string;
let credentials: Credentials;
let client: MemoryClient;
let tokens: BootstrapTokens;
let tunnels: NodeTunnels;
let server: Server;
let url: URL;
let logged: string;
let now: () => Date;
const clock: Clock = { ...systemClock, now: () => now() };
const cleanups: (() => unknown)[] = [];
const log = pino(
  { level: 'trace' },
  {
    write(line: string) {
      logged += line;
    },
  },
);

beforeEach(async () => {
  logged = '';
  now = () => new Date();
  directory = await mkdtemp(join(tmpdir(), 'wheelhouse-gateway-'));
  credentials = await openCredentials({ dataDir: join(directory, 'server'), clock });
  client = new MemoryClient();
  tokens = createBootstrapTokens(client, clock);
  await tokens.ensure({ ...credentials.joinToken, allowReplace: false });
  await startServer(0);
});
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
  await stopServer();
  await rm(directory, { recursive: true, force: true });
});

async function startServer(port: number): Promise<void> {
  const { certificate: cert, key } = await credentials.serverCertificate(['localhost', '127.0.0.1']);
  tunnels = new NodeTunnels({ clock, log });
  const gateway = createAgentGateway({
    authority: credentials.authority,
    tokens,
    client,
    tunnels,
    settings: () => SETTINGS,
    clock,
    log,
  });
  const ca = credentials.authority.certificate;
  server = createServer({ cert, key, ca, requestCert: true, rejectUnauthorized: false });
  server.on('upgrade', (req, socket, head) => gateway.upgrade(req, socket, head));
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  url = new URL(`https://127.0.0.1:${(server.address() as AddressInfo).port}`);
}

async function stopServer(): Promise<void> {
  await tunnels.stop();
  const closed = once(server, 'close');
  server.close();
  server.closeAllConnections();
  await closed;
}

function machine(name: string, options: { nodeName?: string; joinToken?: string; serverUrl?: URL } = {}) {
  return {
    serverUrl: options.serverUrl ?? url,
    nodeName: options.nodeName ?? name,
    agentVersion: 'test',
    store: openCredentialStore(join(directory, name)),
    joinToken: options.joinToken ?? formatJoinToken(credentials.joinToken),
    clock,
  };
}

async function startAgent(
  options: ReturnType<typeof machine>,
  handler: TunnelHandler,
): Promise<AgentConnection> {
  const connection = new AgentConnection({
    ...options,
    credential: await ensureCredential(options),
    tunnel: createTunnelServer({ handler, clock, log }),
    log,
    random: () => 0,
  });
  connection.start();
  cleanups.push(() => connection.stop());
  await vi.waitFor(() => expect(tunnels.isConnected(options.nodeName)).toBe(true), { timeout: 20_000 });
  return connection;
}

const echo = (req: Http2ServerRequest, res: Http2ServerResponse) => {
  if (req.method === 'CONNECT') {
    res.writeHead(200);
    req.pipe(res.stream);
    return;
  }
  res.writeHead(200, { 'content-type': 'text/plain', 'x-method': req.method });
  res.end(`you asked for ${req.url}`);
};

async function textOf(stream: Readable): Promise<string> {
  let text = '';
  for await (const chunk of stream) text += chunk;
  return text;
}

describe('registration', () => {
  it('gives a credential by the join token, keeps it over a restart, and never logs the token', async () => {
    const first = await ensureCredential(machine('node-a'));
    expect(first.ca).toBe(credentials.authority.certificate);
    const again = await ensureCredential({ ...machine('node-a'), joinToken: undefined });
    expect(again).toEqual(first);
    expect(logged).toContain(credentials.joinToken.id);
    expect(logged).not.toContain(credentials.joinToken.secret);
  });

  it('refuses a wrong secret and a token whose time is over', async () => {
    const wrong = formatJoinToken({ ...credentials.joinToken, secret: 'a'.repeat(16) });
    await expect(ensureCredential(machine('node-a', { joinToken: wrong }))).rejects.toMatchObject({
      code: 401,
    });
    const token = await tokens.create({ ttlSeconds: 60 });
    const joinToken = formatJoinToken({ ...token, caFingerprint: credentials.authority.fingerprint });
    now = () => new Date(Date.now() + 61_000);
    await expect(ensureCredential(machine('node-a', { joinToken }))).rejects.toMatchObject({
      code: 401,
      message: 'the join token is wrong or its time is over',
    });
  });

  it('shows nothing to a server of another CA', async () => {
    const elsewhere = formatJoinToken({ ...credentials.joinToken, caFingerprint: 'f'.repeat(64) });
    await expect(ensureCredential(machine('node-a', { joinToken: elsewhere }))).rejects.toThrow(
      /does not belong to the cluster of this join token/,
    );
    expect(logged).toBe('');
  });

  it('refuses names that cannot be a node’s', async () => {
    const options = machine('bad', { nodeName: 'Bad_Name' });
    await expect(ensureCredential(options)).rejects.toMatchObject({ code: 400 });
  });

  it('keeps a name for the machine that came first, until its Node is deleted or the token allows it', async () => {
    await ensureCredential(machine('first', { nodeName: 'node-a' }));
    const thief = machine('second', { nodeName: 'node-a' });
    await expect(ensureCredential(thief)).rejects.toMatchObject({ code: 409 });
    const node = await client.create(nodeKind, { metadata: { name: 'node-a' } });
    now = () => new Date(Date.now() + 3_600_000);
    await expect(ensureCredential(thief)).rejects.toMatchObject({ code: 409 });
    const token = await tokens.create({ allowReplace: true });
    const joinToken = formatJoinToken({ ...token, caFingerprint: credentials.authority.fingerprint });
    await ensureCredential(machine('third', { nodeName: 'node-a', joinToken }));
    await client.delete(nodeKind, { name: node.metadata.name });
    now = () => new Date(Date.now() + 7_200_000);
    await ensureCredential(thief);
  });

  it('renews by certificate, for the same key alone', async () => {
    const options = machine('node-a');
    const first = await ensureCredential(options);
    const renewed = await renewCredential(options, first);
    expect(renewed.key).toBe(first.key);
    expect(renewed.certificate).not.toBe(first.certificate);
    const other = await ensureCredential(machine('node-b'));
    // Node b's certificate does not give it node a's name.
    await expect(renewCredential(options, other)).rejects.toMatchObject({ code: 403 });
  });
});

describe('tunnel', () => {
  it('carries requests and answers', async () => {
    await startAgent(machine('node-a'), echo);
    const answer = await tunnels.request('node-a', { method: 'GET', path: '/pods?x=1' });
    expect(answer.status).toBe(200);
    expect(answer.headers['x-method']).toBe('GET');
    expect(await textOf(answer.body)).toBe('you asked for /pods?x=1');
  });

  it('carries raw streams both ways', async () => {
    await startAgent(machine('node-a'), echo);
    const stream = await tunnels.connect('node-a', '/exec/default/p/c');
    const sent = randomBytes(3_000_000);
    const hash = createHash('sha256');
    stream.end(sent);
    for await (const part of stream) hash.update(part);
    expect(hash.digest('hex')).toBe(createHash('sha256').update(sent).digest('hex'));
  });

  it('carries the head and the body of a request that are written together', async () => {
    await startAgent(machine('node-a'), echo);
    const stream = await tunnels.connect('node-a', '/exec/default/p/c');
    const outgoing = httpRequest({ createConnection: () => stream, method: 'POST', path: '/echoed' });
    const body = Readable.from([Buffer.from('content')]);
    const refused = once(outgoing, 'error');
    body.pipe(outgoing);
    // What comes back is the request itself, which is no answer; the parser has kept it.
    const [error] = await refused;
    expect(String(error.rawPacket)).toMatch(/^POST \/echoed HTTP\/1\.1\r\n/);
  });

  it('holds the agent back while nobody reads, loses nothing of 20 MB, and serves others meanwhile', async () => {
    const chunk = randomBytes(64 * 1024);
    const chunks = 320;
    let written = 0;
    await startAgent(machine('node-a'), (req, res) => {
      if (req.url !== '/big') return echo(req, res);
      res.writeHead(200);
      const source = Readable.from(
        (function* () {
          for (let index = 0; index < chunks; index++) {
            written += chunk.length;
            yield chunk;
          }
        })(),
      );
      pipeline(source, res.stream).catch(() => {});
    });
    const big = await tunnels.request('node-a', { method: 'GET', path: '/big' });
    // Another request goes there and back while nobody reads the big one, several times to let it fill its windows.
    for (let round = 0; round < 20; round++) {
      const small = await tunnels.request('node-a', { method: 'GET', path: '/small' });
      expect(await textOf(small.body)).toBe('you asked for /small');
    }
    expect(written).toBeLessThan(4 * 1024 * 1024);
    const hash = createHash('sha256');
    let received = 0;
    for await (const part of big.body) {
      received += part.length;
      hash.update(part);
    }
    const expected = createHash('sha256');
    for (let index = 0; index < chunks; index++) expected.update(chunk);
    expect(received).toBe(chunks * chunk.length);
    expect(hash.digest('hex')).toBe(expected.digest('hex'));
  });

  it('tells the agent when the reader goes away', async () => {
    const events = new EventEmitter();
    const gone = once(events, 'gone');
    await startAgent(machine('node-a'), (_req, res) => {
      res.writeHead(200);
      res.write('first line\n');
      res.on('close', () => events.emit('gone'));
    });
    const abort = new AbortController();
    const answer = await tunnels.request('node-a', { method: 'GET', path: '/log', signal: abort.signal });
    answer.body.on('error', () => {});
    abort.abort();
    await gone;
  });

  it('comes back by itself after the server was restarted', async () => {
    const connection = await startAgent(machine('node-a'), echo);
    const port = Number(url.port);
    await stopServer();
    await expect(tunnels.request('node-a', { method: 'GET', path: '/' })).rejects.toSatisfy(isUnavailable);
    await vi.waitFor(() => expect(connection.state.state).toBe('connecting'));
    await startServer(port);
    await vi.waitFor(() => expect(tunnels.isConnected('node-a')).toBe(true), { timeout: 20_000 });
    const answer = await tunnels.request('node-a', { method: 'GET', path: '/' });
    expect(await textOf(answer.body)).toBe('you asked for /');
  });

  it('says since when a node is away', async () => {
    await expect(tunnels.request('node-x', { method: 'GET', path: '/' })).rejects.toThrow(
      /node "node-x" has not connected since the server started at 20/,
    );
    const connection = await startAgent(machine('node-a'), echo);
    await connection.stop();
    await vi.waitFor(() => expect(tunnels.isConnected('node-a')).toBe(false));
    await expect(tunnels.request('node-a', { method: 'GET', path: '/' })).rejects.toThrow(
      /node "node-a" has not been connected since 20/,
    );
  });

  it('replaces a node’s connection by its newer one', async () => {
    const options = machine('node-a');
    const first = await startAgent(options, (_req, res) => res.end('first'));
    const second = await startAgent(options, (_req, res) => res.end('second'));
    await vi.waitFor(async () => {
      const answer = await tunnels.request('node-a', { method: 'GET', path: '/' });
      expect(await textOf(answer.body)).toBe('second');
    });
    await vi.waitFor(() => expect(first.state.state).toBe('connecting'));
    expect(second.state.state).toBe('connected');
  });

  it('refuses a key that is not registered any more', async () => {
    const options = machine('node-a');
    const credential = await ensureCredential(options);
    await client.delete(secretKind, { namespace: 'kube-system', name: 'node-identity.node-a' });
    const connection = new AgentConnection({
      ...options,
      credential,
      tunnel: createTunnelServer({ handler: echo, clock, log }),
      log,
    });
    connection.start();
    cleanups.push(() => connection.stop());
    await vi.waitFor(() =>
      expect(connection.state).toMatchObject({
        lastError: 'the key of node "node-a" is not registered any more',
      }),
    );
  });

  it('ends requests under way when the network to the agent breaks', async () => {
    // A relay in between, whose cut neither side is told of by a close frame.
    const sockets: Socket[] = [];
    const relay = createTcpServer((inbound) => {
      const outbound = tcpConnect(Number(url.port), '127.0.0.1');
      sockets.push(inbound, outbound);
      for (const socket of [inbound, outbound]) socket.on('error', () => {});
      inbound.pipe(outbound).pipe(inbound);
    });
    relay.listen(0, '127.0.0.1');
    await once(relay, 'listening');
    cleanups.push(() => relay.close());
    const serverUrl = new URL(`https://127.0.0.1:${(relay.address() as AddressInfo).port}`);
    await startAgent(machine('node-a', { serverUrl }), (_req, res) => {
      res.writeHead(200);
      res.write('begin');
    });
    const answer = await tunnels.request('node-a', { method: 'GET', path: '/log' });
    const ended = expect(textOf(answer.body)).rejects.toThrow();
    for (const socket of sockets) socket.destroy();
    await ended;
  });
});
