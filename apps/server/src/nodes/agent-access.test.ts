import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { formatJoinToken } from '@wheelhouse/shared/agent/join-token';
import type { Client } from '@wheelhouse/shared/client/client';
import { createInformer } from '@wheelhouse/shared/client/create-informer';
import { systemClock } from '@wheelhouse/shared/clock';
import { isForbidden } from '@wheelhouse/shared/errors';
import { allKinds } from '@wheelhouse/shared/kinds/all';
import { leaseKind } from '@wheelhouse/shared/kinds/coordination/lease';
import { namespaceKind } from '@wheelhouse/shared/kinds/core/namespace';
import { nodeKind } from '@wheelhouse/shared/kinds/core/node';
import { podKind } from '@wheelhouse/shared/kinds/core/pod';
import { secretKind } from '@wheelhouse/shared/kinds/core/secret';
import { serviceKind } from '@wheelhouse/shared/kinds/core/service';
import pino from 'pino';
import { Agent, fetch } from 'undici';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { createNodeApi, type NodeApi } from '../../../node-agent/src/connection/api-client';
import { AgentConnection } from '../../../node-agent/src/connection/connect';
import { openCredentialStore } from '../../../node-agent/src/connection/credential-store';
import { ensureCredential } from '../../../node-agent/src/connection/register';
import { createTunnelServer } from '../../../node-agent/src/tunnel/serve-tunnel';
import { createDefaultPlugins } from '../admission/default-plugins';
import { createBootstrapTokens } from '../auth/bootstrap-tokens';
import { type Credentials, openCredentials } from '../auth/credentials';
import { type Auth, openAuth } from '../auth/open-auth';
import { type ApiServer, createApiServer } from '../http/api-server';
import { openStore } from '../store/open-store';
import type { Store } from '../store/store';
import { createAgentGateway } from './agent-gateway';
import { NodeTunnels } from './node-tunnels';
import { createPodLogHandler } from './pod-log';

const log = pino({ enabled: false });
const clock = systemClock;
const containers = [{ name: 'c', image: 'i' }];
let directory: string;
let store: Store;
let api: ApiServer;
let auth: Auth;
let credentials: Credentials;
let tunnels: NodeTunnels;
let admin: Client;
let node: NodeApi;
let connection: AgentConnection;
let url: URL;
let insecure: Agent;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'wheelhouse-access-'));
  credentials = await openCredentials({ dataDir: join(directory, 'server'), clock });
  store = await openStore({ kind: 'embedded', directory: join(directory, 'store') }, log);
  auth = openAuth({ credentials, clock, log });
  const { authenticator, authorizer } = auth;
  const admission = createDefaultPlugins();
  api = await createApiServer({
    store,
    kinds: allKinds,
    authenticator,
    authorizer,
    admission,
    serviceCidr: '10.96.0.0/16',
    log,
    clock,
  });
  admin = api.clientFor({ name: 'admin', groups: ['system:masters', 'system:authenticated'] });
  const extensions = auth.start(admin);
  for (const group of extensions.virtualGroups) api.addVirtualGroup(group);
  for (const handler of extensions.subresources) api.addSubresource(handler);
  tunnels = new NodeTunnels({ clock, log });
  const tokens = createBootstrapTokens(admin, clock);
  await tokens.ensure({ ...credentials.joinToken, allowReplace: false });
  const settings = {
    clusterId: 'test',
    clusterDomain: 'cluster.local',
    dnsIp: '10.96.0.10',
    serviceCidr: '10.96.0.0/16',
    podCidr: '10.244.0.0/16',
    apiUrl: '',
  };
  api.addUpgrade(
    createAgentGateway({
      authority: credentials.authority,
      tokens,
      client: admin,
      tunnels,
      settings: () => settings,
      clock,
      log,
    }),
  );
  api.addSubresource(createPodLogHandler({ client: admin, nodes: tunnels, clock, log }));
  const { certificate: cert, key } = await credentials.serverCertificate(['localhost', '127.0.0.1']);
  const tls = { cert, key, ca: credentials.authority.certificate };
  const { port } = await api.listen({ host: '127.0.0.1', port: 0, tls });
  url = new URL(`https://127.0.0.1:${port}`);
  insecure = new Agent({ connect: { ca: credentials.authority.certificate } });

  const machine = {
    serverUrl: url,
    nodeName: 'node-a',
    agentVersion: 'test',
    store: openCredentialStore(join(directory, 'node-a')),
    joinToken: formatJoinToken(credentials.joinToken),
    clock,
  };
  const credential = await ensureCredential(machine);
  node = createNodeApi({ serverUrl: url, credential, userAgent: 'test' });
  connection = new AgentConnection({
    ...machine,
    credential,
    log,
    tunnel: createTunnelServer({ handler: (req, res) => res.end(`log of ${req.url}\n`), clock, log }),
  });
  connection.start();
  for (const name of ['ns', 'kube-node-lease'])
    await admin.create(namespaceKind, { metadata: { name } }).catch((error) => {
      if (error.reason !== 'AlreadyExists') throw error;
    });
});
afterAll(async () => {
  await connection?.stop();
  await node?.close();
  await insecure?.close();
  await tunnels?.stop();
  await auth?.stop();
  await api?.stop();
  await store?.close();
  await rm(directory, { recursive: true, force: true });
});

function call(
  path: string,
  headers: Record<string, string> = {},
  init: { method?: string; body?: string } = {},
) {
  return fetch(new URL(path, url), { ...init, headers, dispatcher: insecure });
}
const asAdmin = () => ({ authorization: `Bearer ${credentials.adminToken}` });

describe('an agent at the real API server', () => {
  it('writes its own Node and lease, and no other', async () => {
    const { client } = node;
    await client.create(nodeKind, {
      metadata: { name: 'node-a', labels: { 'kubernetes.io/hostname': 'node-a' } },
    });
    await expect(client.create(nodeKind, { metadata: { name: 'node-b' } })).rejects.toSatisfy(isForbidden);
    const status = { conditions: [{ type: 'Ready', status: 'True' }] };
    await client.patch(
      nodeKind,
      { name: 'node-a' },
      { type: 'merge', body: { status } },
      { subresource: 'status' },
    );
    const lease = (name: string) => ({
      metadata: { namespace: 'kube-node-lease', name },
      spec: { holderIdentity: name, leaseDurationSeconds: 40 },
    });
    const created = await client.create(leaseKind, lease('node-a'));
    await client.update(leaseKind, { ...created, spec: { ...created.spec, leaseTransitions: 1 } });
    await expect(client.create(leaseKind, lease('node-b'))).rejects.toSatisfy(isForbidden);
    const taint = {
      spec: { taints: [] as object[] },
      metadata: { labels: { 'node-restriction.kubernetes.io/x': 'y' } },
    };
    await expect(
      client.patch(nodeKind, { name: 'node-a' }, { type: 'merge', body: taint }),
    ).rejects.toSatisfy(isForbidden);
  });

  it('watches its own pods and reads what they name, as soon as they are bound to it', async () => {
    const { client } = node;
    const fieldSelector = 'spec.nodeName=node-a';
    await expect(client.list(podKind)).rejects.toSatisfy(isForbidden);
    const pods = createInformer(client, podKind, { fieldSelector });
    pods.start();
    await pods.synced();
    await admin.create(secretKind, { metadata: { namespace: 'ns', name: 's' }, stringData: { k: 'v' } });
    await expect(client.get(secretKind, { namespace: 'ns', name: 's' })).rejects.toSatisfy(isForbidden);
    const env = [{ name: 'E', valueFrom: { secretKeyRef: { name: 's', key: 'k' } } }];
    const spec = { containers: [{ name: 'c', image: 'i', env }] };
    await admin.create(podKind, { metadata: { namespace: 'ns', name: 'p' }, spec });
    const binding = {
      apiVersion: 'v1',
      kind: 'Binding',
      metadata: { name: 'p', namespace: 'ns' },
      target: { kind: 'Node', name: 'node-a' },
    };
    await admin.createSubresource(podKind, { namespace: 'ns', name: 'p' }, 'binding', binding);
    await vi.waitFor(() => expect(pods.list().map(({ metadata }) => metadata.name)).toEqual(['p']));
    pods.stop();
    expect((await client.get(secretKind, { namespace: 'ns', name: 's' })).data).toEqual({ k: 'dg==' });
    const status = { phase: 'Running' };
    await client.patch(
      podKind,
      { namespace: 'ns', name: 'p' },
      { type: 'merge', body: { status } },
      { subresource: 'status' },
    );
    await admin.create(podKind, {
      metadata: { namespace: 'ns', name: 'q' },
      spec: { containers, nodeName: 'node-z' },
    });
    await expect(client.get(podKind, { namespace: 'ns', name: 'q' })).rejects.toSatisfy(isForbidden);
    await expect(client.delete(podKind, { namespace: 'ns', name: 'q' })).rejects.toSatisfy(isForbidden);
    await client.list(serviceKind);
  });

  it('answers kubectl logs through its tunnel', async () => {
    await vi.waitFor(() => expect(connection.state.state).toBe('connected'));
    await admin.create(podKind, {
      metadata: { namespace: 'ns', name: 'l' },
      spec: { containers, nodeName: 'node-a' },
    });
    const answer = await call('/api/v1/namespaces/ns/pods/l/log?tailLines=3', asAdmin());
    expect(answer.headers.get('content-type')).toMatch(/^text\/plain/);
    expect(await answer.text()).toBe('log of /containerLogs/ns/l/c?tailLines=3\n');
    const missing = await call('/api/v1/namespaces/ns/pods/l/log?container=x', asAdmin());
    expect([missing.status, await missing.json()]).toMatchObject([
      400,
      { kind: 'Status', reason: 'BadRequest' },
    ]);
  });
});

describe('callers at the real API server', () => {
  it('are known, unknown or wrong', async () => {
    expect((await call('/readyz')).status).toBe(200);
    expect((await call('/version')).status).toBe(200);
    expect((await call('/api/v1/pods')).status).toBe(403);
    expect((await call('/api/v1/pods', { authorization: 'Bearer wrong' })).status).toBe(401);
    expect((await call('/api/v1/pods', asAdmin())).status).toBe(200);
    expect((await call('/api/v1/pods', { ...asAdmin(), 'impersonate-user': 'jane' })).status).toBe(403);
  });

  it('can be service accounts', async () => {
    const token = await call(
      '/api/v1/namespaces/ns/serviceaccounts/robot/token',
      { ...asAdmin(), 'content-type': 'application/json' },
      { method: 'POST', body: '{"spec":{}}' },
    );
    expect(token.status).toBe(404);
    const json = { ...asAdmin(), 'content-type': 'application/json' };
    const account = JSON.stringify({ metadata: { name: 'robot' } });
    await call('/api/v1/namespaces/ns/serviceaccounts', json, { method: 'POST', body: account });
    const issued = await call('/api/v1/namespaces/ns/serviceaccounts/robot/token', json, {
      method: 'POST',
      body: '{"spec":{}}',
    });
    const { status } = (await issued.json()) as { status: { token: string } };
    const asRobot = { authorization: `Bearer ${status.token}` };
    expect((await call('/api/v1/pods', asRobot)).status).toBe(403);
    expect((await call('/apis', asRobot)).status).toBe(200);
    const whoami = await call(
      '/apis/authentication.k8s.io/v1/selfsubjectreviews',
      { ...asRobot, 'content-type': 'application/json' },
      { method: 'POST', body: '{}' },
    );
    expect(await whoami.json()).toMatchObject({
      status: { userInfo: { username: 'system:serviceaccount:ns:robot' } },
    });
  });
});
