import { MemoryClient } from '@wheelhouse/shared/client/testing/memory-client';
import { podKind } from '@wheelhouse/shared/kinds/core/pod';
import type { Pod } from 'kubernetes-types/core/v1';
import pino from 'pino';
import { describe, expect, it } from 'vitest';
import type { UserInfo } from '../http/extension';
import { ANONYMOUS } from './anonymous';
import type { AuthorizationRequest } from './auth';
import { chainAuthorizers, mastersAuthorizer } from './authorizer-chain';
import { builtInRbac } from './built-in-roles';
import { createNodeAuthorizer } from './node-authorizer';
import { nodeUser } from './node-identity';
import { createPodLookup } from './pod-lookup';
import { createRbacAuthorizer } from './rbac-authorizer';
import { type PolicyRule, ruleAllows } from './rbac-rules';

type Resource = NonNullable<AuthorizationRequest['resource']>;
const on = (user: UserInfo, resource: Partial<Resource>): AuthorizationRequest => ({
  user,
  resource: { verb: 'get', group: '', version: 'v1', plural: 'pods', ...resource },
});
const jane: UserInfo = { name: 'jane', groups: ['system:authenticated'] };

describe('RBAC rules', () => {
  const cases: [string, PolicyRule, Partial<Resource>, boolean][] = [
    ['exact', { apiGroups: [''], resources: ['pods'], verbs: ['get'] }, {}, true],
    ['other verb', { apiGroups: [''], resources: ['pods'], verbs: ['list'] }, {}, false],
    ['other group', { apiGroups: ['apps'], resources: ['pods'], verbs: ['get'] }, {}, false],
    ['all', { apiGroups: ['*'], resources: ['*'], verbs: ['*'] }, { subresource: 'log' }, true],
    [
      'resource, not its log',
      { apiGroups: [''], resources: ['pods'], verbs: ['get'] },
      { subresource: 'log' },
      false,
    ],
    ['the log', { apiGroups: [''], resources: ['pods/log'], verbs: ['get'] }, { subresource: 'log' }, true],
    ['*/scale', { apiGroups: [''], resources: ['*/scale'], verbs: ['get'] }, { subresource: 'scale' }, true],
    [
      '*/scale, not status',
      { apiGroups: [''], resources: ['*/scale'], verbs: ['get'] },
      { subresource: 'status' },
      false,
    ],
    [
      'name',
      { apiGroups: [''], resources: ['pods'], verbs: ['get'], resourceNames: ['a'] },
      { name: 'a' },
      true,
    ],
    [
      'other name',
      { apiGroups: [''], resources: ['pods'], verbs: ['get'], resourceNames: ['a'] },
      { name: 'b' },
      false,
    ],
    ['no name', { apiGroups: [''], resources: ['pods'], verbs: ['get'], resourceNames: ['a'] }, {}, false],
    ['a path rule', { nonResourceURLs: ['*'], verbs: ['*'] }, {}, false],
  ];
  it.each(cases)('%s', (_name, rule, resource, allowed) => {
    expect(ruleAllows(rule, on(jane, resource))).toBe(allowed);
  });

  it('match paths', () => {
    const rule = { nonResourceURLs: ['/apis/*', '/version'], verbs: ['get'] };
    const ask = (path: string, verb = 'get') => ruleAllows(rule, { user: jane, path, verb });
    expect([ask('/apis/apps/v1'), ask('/version'), ask('/versions'), ask('/version', 'post')]).toEqual([
      true,
      true,
      false,
      false,
    ]);
  });
});

describe('built-in roles', () => {
  const authorizer = chainAuthorizers([mastersAuthorizer, createRbacAuthorizer(builtInRbac)]);
  const allowed = async (request: AuthorizationRequest) => (await authorizer.authorize(request)).allowed;

  it('give the admin everything and others only what they need', async () => {
    const admin: UserInfo = { name: 'admin', groups: ['system:masters'] };
    const scheduler: UserInfo = { name: 'system:kube-scheduler', groups: [] };
    const controllers: UserInfo = { name: 'system:kube-controller-manager', groups: [] };
    expect(await allowed(on(admin, { verb: 'delete', plural: 'secrets' }))).toBe(true);
    expect(await allowed(on(jane, {}))).toBe(false);
    expect(await allowed(on(scheduler, { verb: 'create', subresource: 'binding' }))).toBe(true);
    expect(await allowed(on(scheduler, { plural: 'secrets' }))).toBe(false);
    expect(await allowed(on(controllers, { verb: 'create' }))).toBe(true);
    expect(await allowed(on(controllers, { verb: 'impersonate', plural: 'users', name: 'admin' }))).toBe(
      false,
    );
  });

  it('open discovery to whoever is known, and health alone to everybody', async () => {
    expect(await allowed({ user: jane, path: '/apis/apps/v1', verb: 'get' })).toBe(true);
    expect(await allowed({ user: ANONYMOUS, path: '/apis/apps/v1', verb: 'get' })).toBe(false);
    expect(await allowed({ user: ANONYMOUS, path: '/readyz', verb: 'get' })).toBe(true);
    expect(await allowed({ user: ANONYMOUS, path: '/metrics', verb: 'get' })).toBe(false);
  });
});

describe('node authorizer', () => {
  const pod = (name: string, nodeName: string, spec: Partial<Pod['spec']> = {}): Pod => ({
    metadata: { namespace: 'ns', name },
    spec: { nodeName, containers: [{ name: 'c', image: 'i' }], ...spec },
  });

  it('shows a node its own pods and what they refer to, and nothing else', async () => {
    const client = new MemoryClient();
    await client.create(
      podKind,
      pod('mine', 'a', {
        serviceAccountName: 'robot',
        volumes: [{ name: 'v', projected: { sources: [{ configMap: { name: 'projected' } }] } }],
        containers: [
          {
            name: 'c',
            image: 'i',
            env: [{ name: 'E', valueFrom: { secretKeyRef: { name: 's1', key: 'k' } } }],
          },
        ],
        imagePullSecrets: [{ name: 'pull' }],
      }),
    );
    await client.create(
      podKind,
      pod('other', 'b', { volumes: [{ name: 'v', secret: { secretName: 's2' } }] }),
    );
    const lookup = createPodLookup(client, pino({ enabled: false }));
    lookup.start();
    const authorizer = createNodeAuthorizer(lookup);
    const allowed = async (resource: Partial<Resource>) =>
      (await authorizer.authorize(on(nodeUser('a'), { namespace: 'ns', ...resource }))).allowed;
    try {
      expect(await allowed({ name: 'mine' })).toBe(true);
      expect(await allowed({ name: 'other' })).toBe(false);
      expect(await allowed({ name: 'mine', verb: 'patch', subresource: 'status' })).toBe(true);
      expect(await allowed({ name: 'other', verb: 'patch', subresource: 'status' })).toBe(false);
      expect(await allowed({ verb: 'watch' })).toBe(false);
      expect(await allowed({ verb: 'watch', fieldSelector: 'spec.nodeName=a' })).toBe(true);
      expect(await allowed({ verb: 'watch', fieldSelector: 'spec.nodeName=b' })).toBe(false);
      expect(await allowed({ verb: 'watch', fieldSelector: 'spec.nodeName!=a' })).toBe(false);
      for (const [plural, name] of [
        ['secrets', 's1'],
        ['secrets', 'pull'],
        ['configmaps', 'projected'],
        ['serviceaccounts', 'robot'],
      ])
        expect(await allowed({ plural: plural ?? '', name: name ?? '' }), name).toBe(true);
      expect(await allowed({ plural: 'secrets', verb: 'list', fieldSelector: 'metadata.name=s1' })).toBe(
        true,
      );
      expect(await allowed({ plural: 'secrets', verb: 'list' })).toBe(false);
      expect(await allowed({ plural: 'secrets', name: 's2' })).toBe(false);
      expect(await allowed({ plural: 'secrets', name: 's1', namespace: 'elsewhere' })).toBe(false);
      expect(await allowed({ plural: 'secrets', name: 's1', verb: 'update' })).toBe(false);
      const lease = {
        group: 'coordination.k8s.io',
        plural: 'leases',
        namespace: 'kube-node-lease',
        verb: 'update',
      };
      expect(await allowed({ ...lease, name: 'a' })).toBe(true);
      expect(await allowed({ ...lease, name: 'b' })).toBe(false);
      expect(await allowed({ plural: 'nodes', name: 'b', verb: 'patch' })).toBe(false);
      expect(await allowed({ plural: 'nodes', name: 'a', verb: 'patch', subresource: 'status' })).toBe(true);
      expect(await allowed({ group: 'discovery.k8s.io', plural: 'endpointslices', verb: 'watch' })).toBe(
        true,
      );
    } finally {
      lookup.stop();
    }
  });

  it('has no opinion on users that only look like nodes', async () => {
    const authorizer = createNodeAuthorizer({ pod: async () => undefined, podsOf: async () => [] });
    const impostor: UserInfo = { name: 'system:node:a', groups: ['system:authenticated'] };
    expect(await authorizer.authorize(on(impostor, { plural: 'services', verb: 'list' }))).toEqual({
      allowed: false,
    });
  });
});
