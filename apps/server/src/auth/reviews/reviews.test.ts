import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MemoryClient } from '@wheelhouse/shared/client/testing/memory-client';
import { type Clock, systemClock } from '@wheelhouse/shared/clock';
import { asApiError } from '@wheelhouse/shared/errors';
import { podKind } from '@wheelhouse/shared/kinds/core/pod';
import { serviceAccountKind } from '@wheelhouse/shared/kinds/core/service-account';
import pino from 'pino';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ApiRequest, UserInfo } from '../../http/extension';
import { openCredentials } from '../credentials';
import { nodeUser } from '../node-identity';
import { type Auth, type AuthExtensions, openAuth } from '../open-auth';

const admin: UserInfo = { name: 'admin', groups: ['system:masters', 'system:authenticated'] };
const alice: UserInfo = { name: 'alice', groups: ['system:authenticated'] };
let directory: string;
let client: MemoryClient;
let auth: Auth;
let extensions: AuthExtensions;
let now = () => new Date();
const clock: Clock = { ...systemClock, now: () => now() };

beforeEach(async () => {
  now = () => new Date();
  directory = await mkdtemp(join(tmpdir(), 'wheelhouse-reviews-'));
  const credentials = await openCredentials({ dataDir: directory, clock });
  client = new MemoryClient();
  auth = openAuth({ credentials, clock, log: pino({ enabled: false }) });
  extensions = auth.start(client);
});
afterEach(async () => {
  await auth.stop();
  await rm(directory, { recursive: true, force: true });
});

const apiRequest = (user: UserInfo, resource: Partial<NonNullable<ApiRequest['resource']>>): ApiRequest => ({
  user,
  method: 'POST',
  url: new URL('http://api/'),
  resource: { verb: 'create', group: '', version: 'v1', plural: '', ...resource },
});

// biome-ignore lint/suspicious/noExplicitAny: answers are compared as JSON, whatever their shape
async function review(user: UserInfo, plural: string, body: object, namespace?: string): Promise<any> {
  const resource = extensions.virtualGroups
    .flatMap(({ resources }) => resources)
    .find((one) => one.plural === plural);
  return resource?.create?.(body, apiRequest(user, { plural, ...(namespace ? { namespace } : {}) }));
}

/** Asks for a token over HTTP, as the handler reads a request's body. */
async function requestToken(
  name: string,
  spec: object,
  user = admin,
): Promise<{ status: number; token: string }> {
  const [handler] = extensions.subresources;
  const server = createServer((req, res) => {
    const resource = { plural: 'serviceaccounts', subresource: 'token', namespace: 'ns', name };
    handler
      ?.handle(apiRequest(user, resource), req, res, async (sent) => sent)
      .catch((error) => {
        res.writeHead(asApiError(error).code).end('{}');
      });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const req = request({
    host: '127.0.0.1',
    port: (server.address() as AddressInfo).port,
    method: 'POST',
    agent: false,
  });
  req.end(JSON.stringify({ spec }));
  const [res] = await once(req, 'response');
  let text = '';
  for await (const chunk of res) text += chunk;
  server.close();
  return { status: res.statusCode, token: JSON.parse(text).status?.token };
}

describe('access reviews', () => {
  it('tell everybody what they may do, and what others may', async () => {
    const resourceAttributes = { verb: 'get', resource: 'pods', namespace: 'ns' };
    const ask = async (user: UserInfo) =>
      (await review(user, 'selfsubjectaccessreviews', { spec: { resourceAttributes } })).status;
    expect(await ask(admin)).toEqual({ allowed: true });
    expect(await ask(alice)).toEqual({ allowed: false });
    const spec = {
      user: 'x',
      groups: ['system:masters'],
      resourceAttributes: { verb: '*', group: '*', resource: '*' },
    };
    expect((await review(admin, 'subjectaccessreviews', { spec })).status).toEqual({ allowed: true });
    await expect(
      review(admin, 'subjectaccessreviews', { spec: {}, metadata: { name: 'x' } }),
    ).rejects.toMatchObject({
      status: {
        details: {
          causes: [{ field: 'spec.resourceAttributes' }, { field: 'spec.user' }, { field: 'metadata' }],
        },
      },
    });
    const health = { nonResourceAttributes: { path: '/healthz', verb: 'get' } };
    expect((await review(alice, 'selfsubjectaccessreviews', { spec: health })).status).toEqual({
      allowed: true,
      reason: expect.stringMatching(
        /^RBAC: allowed by ClusterRoleBinding ".*" of ClusterRole ".*" to Group "system:authenticated"$/,
      ),
    });
  });

  it('refuse questions that make no sense, in Kubernetes’ words', async () => {
    await expect(review(admin, 'selfsubjectaccessreviews', { spec: {} })).rejects.toMatchObject({
      code: 422,
      status: { details: { group: 'authorization.k8s.io', causes: [{ field: 'spec.resourceAttributes' }] } },
    });
    const resourceAttributes = { verb: 'get', resource: 'pods' };
    await expect(
      review(admin, 'subjectaccessreviews', { spec: { resourceAttributes } }),
    ).rejects.toMatchObject({
      message:
        '.authorization.k8s.io "" is invalid: spec.user: Invalid value: "": at least one of user or group must be specified',
    });
    const local = { spec: { user: 'x', resourceAttributes: { ...resourceAttributes, namespace: 'other' } } };
    await expect(review(admin, 'localsubjectaccessreviews', local, 'ns')).rejects.toMatchObject({
      code: 422,
    });
  });

  it('list the rules of a user', async () => {
    const { status } = await review(alice, 'selfsubjectrulesreviews', { spec: { namespace: 'ns' } });
    expect(status.incomplete).toBe(false);
    expect(
      status.nonResourceRules.flatMap((rule: { nonResourceURLs: string[] }) => rule.nonResourceURLs),
    ).toContain('/apis/*');
    const ofNode = await review(nodeUser('a'), 'selfsubjectrulesreviews', { spec: { namespace: 'ns' } });
    expect(ofNode.status.incomplete).toBe(true);
    await expect(review(alice, 'selfsubjectrulesreviews', { spec: {} })).rejects.toThrow('no namespace');
  });

  it('say who one is', async () => {
    expect((await review(alice, 'selfsubjectreviews', {})).status.userInfo).toEqual({
      username: 'alice',
      groups: ['system:authenticated'],
    });
  });
});

describe('service account tokens', () => {
  const ask = (token: string, audiences?: string[]) =>
    review(admin, 'tokenreviews', { spec: { token, ...(audiences ? { audiences } : {}) } });

  it('authenticate the account until it is deleted or their time is over', async () => {
    await client.create(serviceAccountKind, { metadata: { namespace: 'ns', name: 'robot' } });
    const { token } = await requestToken('robot', { expirationSeconds: 600 });
    expect((await ask(token)).status).toMatchObject({
      authenticated: true,
      user: {
        username: 'system:serviceaccount:ns:robot',
        groups: ['system:serviceaccounts', 'system:serviceaccounts:ns', 'system:authenticated'],
      },
    });
    now = () => new Date(Date.now() + 601_000);
    expect((await ask(token)).status).toEqual({ user: {}, error: 'invalid bearer token' });
    now = () => new Date();
    await client.delete(serviceAccountKind, { namespace: 'ns', name: 'robot' });
    expect((await ask(token)).status.authenticated).toBeUndefined();
    // Another account of the same name is another account.
    await client.create(serviceAccountKind, { metadata: { namespace: 'ns', name: 'robot' } });
    expect((await ask(token)).status.authenticated).toBeUndefined();
  });

  it('hold for their audiences alone', async () => {
    await client.create(serviceAccountKind, { metadata: { namespace: 'ns', name: 'robot' } });
    const { token } = await requestToken('robot', { audiences: ['vault', 'db'] });
    expect((await ask(token)).status.authenticated).toBeUndefined();
    expect((await ask(token, ['db', 'mail'])).status).toMatchObject({
      authenticated: true,
      audiences: ['db'],
    });
  });

  it('bound to a pod die with it, and a node gets them for its own pods only', async () => {
    await client.create(serviceAccountKind, { metadata: { namespace: 'ns', name: 'robot' } });
    const containers = [{ name: 'c', image: 'i' }];
    await client.create(podKind, {
      metadata: { namespace: 'ns', name: 'p' },
      spec: { containers, nodeName: 'a', serviceAccountName: 'robot', terminationGracePeriodSeconds: 0 },
    });
    const boundObjectRef = { kind: 'Pod', apiVersion: 'v1', name: 'p' };
    expect((await requestToken('robot', { boundObjectRef }, nodeUser('b'))).status).toBe(400);
    const { token } = await requestToken('robot', { boundObjectRef }, nodeUser('a'));
    expect((await ask(token)).status.user.extra).toMatchObject({
      'authentication.kubernetes.io/pod-name': ['p'],
      'authentication.kubernetes.io/node-name': ['a'],
    });
    await client.delete(podKind, { namespace: 'ns', name: 'p' }, { gracePeriodSeconds: 0 });
    expect((await ask(token)).status.authenticated).toBeUndefined();
  });

  it('are refused for accounts that do not exist, and for too short a time', async () => {
    expect((await requestToken('nobody', {})).status).toBe(404);
    await client.create(serviceAccountKind, { metadata: { namespace: 'ns', name: 'robot' } });
    expect((await requestToken('robot', { expirationSeconds: 60 })).status).toBe(422);
  });

  it('that nobody signed are nobody’s', async () => {
    expect((await ask('no-such-token')).status).toEqual({ user: {}, error: 'invalid bearer token' });
    await expect(review(admin, 'tokenreviews', { spec: {} })).rejects.toMatchObject({ code: 400 });
  });
});
