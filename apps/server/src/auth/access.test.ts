import 'reflect-metadata';
import { webcrypto } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as x509 from '@peculiar/x509';
import type { Client } from '@wheelhouse/shared/client/client';
import { systemClock } from '@wheelhouse/shared/clock';
import { certificateSigningRequestKind } from '@wheelhouse/shared/kinds/certificates/certificate-signing-request';
import { namespaceKind } from '@wheelhouse/shared/kinds/core/namespace';
import { podKind } from '@wheelhouse/shared/kinds/core/pod';
import { secretKind } from '@wheelhouse/shared/kinds/core/secret';
import { serviceAccountKind } from '@wheelhouse/shared/kinds/core/service-account';
import { clusterRoleKind } from '@wheelhouse/shared/kinds/rbac/cluster-role';
import { clusterRoleBindingKind } from '@wheelhouse/shared/kinds/rbac/cluster-role-binding';
import { roleKind } from '@wheelhouse/shared/kinds/rbac/role';
import { roleBindingKind } from '@wheelhouse/shared/kinds/rbac/role-binding';
import pino from 'pino';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Component } from '../component';
import { startControllers } from '../controllers/start-controllers';
import { when } from '../controllers/testing/when';
import type { UserInfo } from '../http/extension';
import { startTestApiServer, type TestApiServer } from '../http/testing/test-api-server';
import { type Credentials, openCredentials } from './credentials';
import { type Auth, openAuth } from './open-auth';
import { API_AUDIENCE } from './service-account-keys';

/** Access rules through a whole API server, with everybody under their own name. */
const log = pino({ level: process.env.TEST_LOG ?? 'silent' });
const GROUP = 'rbac.authorization.k8s.io';
// Each test starts a server; that takes its time on a busy machine.
vi.setConfig({ testTimeout: 30_000, hookTimeout: 30_000 });

let directory: string;
let credentials: Credentials;
let auth: Auth;
let server: TestApiServer;
let admin: Client;
let controllers: Component | undefined;

const user = (name: string, ...groups: string[]): UserInfo => ({
  name,
  groups: [...groups, 'system:authenticated'],
});
const as = (name: string, ...groups: string[]) => server.api.clientFor(user(name, ...groups));
const clusterRole = (name: string) => ({ apiGroup: GROUP, kind: 'ClusterRole', name });
const person = (name: string) => ({ kind: 'User', apiGroup: GROUP, name });

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'wheelhouse-access-'));
  credentials = await openCredentials({ dataDir: directory, clock: systemClock });
  auth = openAuth({ credentials, clock: systemClock, log });
  server = await startTestApiServer({
    authenticator: auth.authenticator,
    authorizer: auth.authorizer,
    admission: auth.admission,
  });
  admin = as('admin', 'system:masters');
  const extensions = auth.start(admin);
  for (const group of extensions.virtualGroups) server.api.addVirtualGroup(group);
  await extensions.ready();
  await admin.create(namespaceKind, { metadata: { name: 'n' } });
});

afterEach(async () => {
  await controllers?.stop();
  controllers = undefined;
  await auth.stop();
  await server.stop();
  await rm(directory, { recursive: true, force: true });
});

async function runControllers(...enabled: string[]): Promise<void> {
  controllers = await startControllers({
    client: as('system:kube-controller-manager'),
    log,
    enabled,
    settings: {
      rootCa: credentials.authority.certificate,
      signer: credentials.authority,
      tokens: {
        audience: API_AUDIENCE,
        sign: (claims, options) => credentials.serviceAccountKeys.sign(claims, options),
      },
    },
  });
}

/** Bindings count when the authorizer's watch has told them. */
async function allowed(client: Client, namespace: string): Promise<void> {
  for (let attempt = 0; attempt < 1000; attempt++) {
    try {
      await client.list(podKind, { namespace });
      return;
    } catch {
      await new Promise<void>((resolve) => setImmediate(resolve));
    }
  }
  throw new Error('the binding never counted');
}

describe('roles and bindings', () => {
  it('decide from the moment that they are known, and aggregated roles through their parts', async () => {
    await runControllers('clusterrole-aggregation');
    await when(admin, clusterRoleKind, (roles) =>
      ['admin', 'edit', 'view'].every(
        (name) => (roles.find(({ metadata }) => metadata.name === name)?.rules?.length ?? 0) > 5,
      ),
    );
    const bob = as('bob');
    await expect(bob.list(podKind, { namespace: 'n' })).rejects.toMatchObject({ reason: 'Forbidden' });
    await admin.create(roleBindingKind, {
      metadata: { name: 'bob', namespace: 'n' },
      roleRef: clusterRole('view'),
      subjects: [person('bob')],
    });
    await allowed(bob, 'n');
    await expect(bob.list(podKind)).rejects.toMatchObject({ reason: 'Forbidden' });
    await expect(bob.list(secretKind, { namespace: 'n' })).rejects.toMatchObject({ reason: 'Forbidden' });

    await admin.create(clusterRoleKind, {
      metadata: { name: 'own', labels: { [`${GROUP}/aggregate-to-view`]: 'true' } },
      rules: [{ verbs: ['get'], apiGroups: ['example.com'], resources: ['things'] }],
    });
    const gathered = (name: string, roles: { metadata: { name: string }; rules?: unknown[] }[]) =>
      JSON.stringify(roles.find(({ metadata }) => metadata.name === name)?.rules).includes('example.com');
    await when(admin, clusterRoleKind, (roles) =>
      ['view', 'edit', 'admin'].every((name) => gathered(name, roles)),
    );
  });

  it('let nobody grant more than they hold', async () => {
    await admin.create(clusterRoleKind, {
      metadata: { name: 'lead' },
      rules: [
        { verbs: ['get', 'list'], apiGroups: [''], resources: ['pods'] },
        {
          verbs: ['create', 'update', 'delete'],
          apiGroups: [GROUP],
          resources: ['roles', 'rolebindings'],
        },
      ],
    });
    await admin.create(roleBindingKind, {
      metadata: { name: 'eve', namespace: 'n' },
      roleRef: clusterRole('lead'),
      subjects: [person('eve')],
    });
    const eve = as('eve');
    await allowed(eve, 'n');
    const metadata = { name: 'r', namespace: 'n' };
    const rule = (...verbs: string[]) => ({ verbs, apiGroups: [''], resources: ['pods'] });
    await eve.create(roleKind, { metadata, rules: [rule('get')] });
    await expect(eve.update(roleKind, { metadata, rules: [rule('get', 'delete')] })).rejects.toMatchObject({
      reason: 'Forbidden',
      message: expect.stringContaining('{APIGroups:[""], Resources:["pods"], Verbs:["delete"]}'),
    });
    const bind = (name: string, role: string) =>
      eve.create(roleBindingKind, {
        metadata: { name, namespace: 'n' },
        roleRef: clusterRole(role),
        subjects: [person('eve')],
      });
    await expect(bind('a', 'cluster-admin')).rejects.toMatchObject({ reason: 'Forbidden' });
    await expect(bind('b', 'none')).rejects.toMatchObject({ reason: 'NotFound' });
    await bind('c', 'lead');
  });
});

async function csr(subject: string): Promise<string> {
  const keys = await webcrypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, true, [
    'sign',
    'verify',
  ]);
  const request = await x509.Pkcs10CertificateRequestGenerator.create({
    name: subject,
    keys,
    signingAlgorithm: { name: 'ECDSA', hash: 'SHA-256' },
  });
  return Buffer.from(request.toString('pem')).toString('base64');
}

describe('certificate signing requests', () => {
  const approved = { type: 'Approved', status: 'True', reason: 'Test' };

  it('are approved by whoever may, signed, and name who asked', async () => {
    await runControllers('csrsigning');
    const spec = {
      request: await csr('CN=dora, O=devs'),
      signerName: 'kubernetes.io/kube-apiserver-client',
      usages: ['client auth'],
      username: 'somebody else',
    };
    const made = await admin.create(certificateSigningRequestKind, { metadata: { name: 'dora' }, spec });
    expect(made.spec).toMatchObject({
      username: 'admin',
      groups: ['system:masters', 'system:authenticated'],
    });

    await admin.create(clusterRoleKind, {
      metadata: { name: 'writer' },
      rules: [
        {
          verbs: ['*'],
          apiGroups: ['certificates.k8s.io'],
          resources: ['certificatesigningrequests', 'certificatesigningrequests/approval'],
        },
        { verbs: ['list'], apiGroups: [''], resources: ['pods'] },
      ],
    });
    await admin.create(clusterRoleBindingKind, {
      metadata: { name: 'carl' },
      roleRef: clusterRole('writer'),
      subjects: [person('carl')],
    });
    const carl = as('carl');
    await allowed(carl, 'n');
    const decided = { ...made, status: { conditions: [approved] } };
    await expect(
      carl.update(certificateSigningRequestKind, decided, { subresource: 'approval' }),
    ).rejects.toMatchObject({
      reason: 'Forbidden',
      message: expect.stringContaining('user not permitted to approve requests with signerName'),
    });
    await admin.update(certificateSigningRequestKind, decided, { subresource: 'approval' });
    const [signed] = await when(admin, certificateSigningRequestKind, ([one]) => !!one?.status?.certificate);
    const certificate = new x509.X509Certificate(
      Buffer.from(signed?.status?.certificate ?? '', 'base64').toString(),
    );
    expect([certificate.subjectName.getField('CN'), certificate.subjectName.getField('O')]).toEqual([
      ['dora'],
      ['devs'],
    ]);
    const authority = new x509.X509Certificate(credentials.authority.certificate);
    expect(await certificate.verify({ publicKey: authority.publicKey })).toBe(true);
  });

  it('never make an administrator', async () => {
    const spec = {
      request: await csr('CN=eve, O=system:masters'),
      signerName: 'kubernetes.io/kube-apiserver-client',
      usages: ['client auth'],
    };
    await expect(
      admin.create(certificateSigningRequestKind, { metadata: { name: 'eve' }, spec }),
    ).rejects.toMatchObject({ reason: 'Forbidden' });
    await expect(
      admin.create(certificateSigningRequestKind, {
        metadata: { name: 'bad' },
        spec: { ...spec, request: Buffer.from('no request').toString('base64') },
      }),
    ).rejects.toMatchObject({ reason: 'Invalid' });
  });

  it('of a node for itself are approved where that is granted', async () => {
    const spec = {
      request: await csr('O=system:nodes, CN=system:node:a'),
      signerName: 'kubernetes.io/kube-apiserver-client-kubelet',
      usages: ['digital signature', 'client auth'],
    };
    await admin.create(clusterRoleBindingKind, {
      metadata: { name: 'renewal' },
      roleRef: clusterRole('system:certificates.k8s.io:certificatesigningrequests:selfnodeclient'),
      subjects: [{ kind: 'Group', apiGroup: GROUP, name: 'system:nodes' }],
    });
    await runControllers('csrapproving', 'csrsigning');
    await as('system:node:a', 'system:nodes').create(certificateSigningRequestKind, {
      metadata: { name: 'a' },
      spec,
    });
    await when(admin, certificateSigningRequestKind, ([one]) => !!one?.status?.certificate);
  });
});

describe('token secrets', () => {
  it('are filled, and go with their account', async () => {
    await runControllers('serviceaccount-token');
    await admin.create(serviceAccountKind, { metadata: { name: 'robot', namespace: 'n' } });
    await admin.create(secretKind, {
      metadata: {
        name: 't',
        namespace: 'n',
        annotations: { 'kubernetes.io/service-account.name': 'robot' },
      },
      type: 'kubernetes.io/service-account-token',
    });
    const [secret] = await when(admin, secretKind, ([one]) => !!one?.data?.token);
    const text = (key: string) => Buffer.from(secret?.data?.[key] ?? '', 'base64').toString();
    expect([text('namespace'), text('ca.crt')]).toEqual(['n', credentials.authority.certificate]);
    const verified = await credentials.serviceAccountKeys.verify(text('token'), {
      audiences: [API_AUDIENCE],
      now: new Date(),
    });
    expect(verified?.claims).toMatchObject({ namespace: 'n', serviceAccount: { name: 'robot' } });
    await admin.delete(serviceAccountKind, { name: 'robot', namespace: 'n' });
    await when(admin, secretKind, (secrets) => secrets.length === 0);
  });
});
