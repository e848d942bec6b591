import { createServer, type Server } from 'node:https';
import { type AddressInfo, connect } from 'node:net';
import { join } from 'node:path';
import { systemClock } from '@wheelhouse/shared/clock';
import { notFound, serviceUnavailable } from '@wheelhouse/shared/errors';
import { apiServiceKind } from '@wheelhouse/shared/kinds/apiregistration/api-service';
import pino from 'pino';
import { Agent, fetch } from 'undici';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { openCertificateAuthority } from '../auth/certificate-authority';
import type { Component } from '../component';
import { startTestApiServer, type TestApiServer } from '../http/testing/test-api-server';
import { startAggregator } from './aggregator';

let server: TestApiServer;
let agent: Agent;
let remote: Server;
let aggregator: Component;
let ca: string;

const LIST = {
  kind: 'APIResourceList',
  apiVersion: 'v1',
  groupVersion: 'far.example.com/v1',
  resources: [
    { name: 'stars', singularName: 'star', namespaced: false, kind: 'Star', verbs: ['get', 'list'] },
    { name: 'stars/light', singularName: '', namespaced: false, kind: 'Star', verbs: ['get'] },
  ],
};

const DOCUMENTS: Record<string, object> = {
  '/apis/far.example.com/v1': LIST,
  '/openapi/v3': {
    paths: { 'apis/far.example.com/v1': { serverRelativeURL: '/openapi/v3/apis/far.example.com/v1?hash=A' } },
  },
  '/openapi/v3/apis/far.example.com/v1?hash=A': { openapi: '3.0.0', paths: {}, info: { title: 'far' } },
  '/openapi/v2': {
    paths: { '/apis/far.example.com/v1/stars': { get: {} }, '/version': { get: {} } },
    definitions: { 'com.example.far.v1.Star': { type: 'object', description: 'It shines.' } },
  },
};

beforeAll(async () => {
  server = await startTestApiServer();
  agent = new Agent({ connect: { ca: server.ca } });
  const authority = await openCertificateAuthority(join(server.directory, 'remote'), systemClock);
  const fronts = await openCertificateAuthority(join(server.directory, 'front'), systemClock);
  const pair = await authority.issueServer(['sky.space.svc'], 1);
  ca = authority.certificate;
  remote = createServer(
    { key: pair.key, cert: pair.certificate, ca: fronts.certificate, requestCert: true },
    (req, res) => {
      res.setHeader('content-type', 'application/json');
      const document = DOCUMENTS[req.url ?? ''];
      if (document) return void res.end(JSON.stringify(document));
      const { authorization } = req.headers;
      const { socket } = req;
      const trusted = 'authorized' in socket && socket.authorized === true;
      const seen = {
        url: req.url,
        user: req.headers['x-remote-user'],
        group: req.headers['x-remote-group'],
        authorization,
        trusted,
      };
      res.statusCode = req.method === 'POST' ? 201 : 200;
      const chunks: Buffer[] = [];
      req.on('data', (chunk: Buffer) => chunks.push(chunk));
      req.on('end', () => res.end(JSON.stringify({ ...seen, body: Buffer.concat(chunks).toString() })));
    },
  );
  remote.on('upgrade', (req, socket) => {
    socket.write(
      `HTTP/1.1 101 Switching Protocols\r\nconnection: Upgrade\r\nupgrade: ${req.headers.upgrade}\r\n\r\n`,
    );
    socket.pipe(socket);
  });
  await new Promise<void>((resolve) => remote.listen(0, '127.0.0.1', resolve));
  const { port } = remote.address() as AddressInfo;
  aggregator = startAggregator({
    api: server.api,
    client: server.client,
    dial: async ({ name }) => {
      if (name === 'missing') throw notFound({ kind: 'services', name });
      if (name === 'empty') throw serviceUnavailable('no endpoints available for service "empty"');
      if (name !== 'sky') throw new Error('no endpoints');
      return connect(port, '127.0.0.1');
    },
    identity: await fronts.issueClient({ user: 'front-proxy-client', groups: [] }, 1),
    clock: systemClock,
    log: pino({ level: 'silent' }),
  });
});
afterAll(async () => {
  await aggregator.stop();
  await agent.close();
  remote.closeAllConnections();
  await new Promise((resolve) => remote.close(resolve));
  await server.stop();
});

async function ask(path: string, init: { method?: string; body?: string } = {}) {
  const response = await fetch(server.baseUrl + path, {
    ...init,
    dispatcher: agent,
    headers: { authorization: `Bearer ${server.token}`, 'x-remote-user': 'somebody else' },
  });
  // biome-ignore lint/suspicious/noExplicitAny: answers are looked into at many places.
  return { status: response.status, body: (await response.json()) as any };
}

const register = (version: string, name: string) =>
  server.client.create(apiServiceKind, {
    metadata: { name: `${version}.far.example.com` },
    spec: {
      group: 'far.example.com',
      version,
      groupPriorityMinimum: 1000,
      versionPriority: 10,
      service: { name, namespace: 'space' },
      caBundle: Buffer.from(ca).toString('base64'),
    },
  });

/** Resolves with the condition once the server behind the service was asked. */
async function checked(
  version: string,
): Promise<{ status?: string | undefined; reason?: string | undefined }> {
  for await (const { object } of server.client.watch(apiServiceKind)) {
    const condition = object.status?.conditions?.find(({ type }) => type === 'Available');
    if (object.metadata.name === `${version}.far.example.com` && condition) return condition;
  }
  return {};
}

it('passes a group on to a service, in the name of who asks', async () => {
  await register('v1', 'sky');
  expect(await checked('v1')).toMatchObject({ status: 'True', reason: 'Passed' });
  const got = await ask('/apis/far.example.com/v1/stars/vega?x=1');
  expect(got.body).toMatchObject({
    url: '/apis/far.example.com/v1/stars/vega?x=1',
    user: 'admin',
    trusted: true,
  });
  expect(got.body.group).toContain('system:masters');
  expect(got.body.authorization).toBeUndefined();
  const made = await ask('/apis/far.example.com/v1/stars', { method: 'POST', body: '{"a":1}' });
  expect(made).toMatchObject({ status: 201, body: { body: '{"a":1}' } });
});

it('shows what the service has in discovery', async () => {
  const list = await ask('/apis/far.example.com/v1');
  expect(list.body.resources.map(({ name }: { name: string }) => name)).toEqual(['stars', 'stars/light']);
  const groups = await ask('/apis');
  expect(groups.body.groups.map(({ name }: { name: string }) => name)).toContain('far.example.com');
});

it('publishes the types of the service with its own', { timeout: 60_000 }, async () => {
  await vi.waitFor(
    async () => {
      const index = await ask('/openapi/v3');
      const { serverRelativeURL } = index.body.paths['apis/far.example.com/v1'];
      expect((await ask(serverRelativeURL)).body).toMatchObject({ info: { title: 'far' } });
    },
    { timeout: 30_000, interval: 250 },
  );
  const { definitions, paths } = (await ask('/openapi/v2')).body;
  expect(definitions['com.example.far.v1.Star']).toMatchObject({ description: 'It shines.' });
  expect(definitions['io.k8s.api.core.v1.Pod']).toBeDefined();
  expect(paths['/apis/far.example.com/v1/stars']).toBeDefined();
});

it('tells a service that is not there from one that nobody stands behind', async () => {
  await register('v3', 'missing');
  expect(await checked('v3')).toMatchObject({ status: 'False', reason: 'ServiceNotFound' });
  await register('v4', 'empty');
  expect(await checked('v4')).toMatchObject({ status: 'False', reason: 'MissingEndpoints' });
});

it('answers 503 for a service that nobody answers for', async () => {
  await register('v2', 'void');
  expect(await checked('v2')).toMatchObject({ status: 'False', reason: 'FailedDiscoveryCheck' });
  expect((await ask('/apis/far.example.com/v2/stars')).status).toBe(503);
});

it('shows the groups that the server has itself as local ones', async () => {
  for await (const { object } of server.client.watch(apiServiceKind)) {
    if (object.metadata.name !== 'v1.apps') continue;
    expect(object.status?.conditions).toMatchObject([{ type: 'Available', status: 'True', reason: 'Local' }]);
    return;
  }
});
