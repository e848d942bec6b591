import fc from 'fast-check';
import type { PolicyRule } from 'kubernetes-types/rbac/v1';
import { describe, expect, it } from 'vitest';
import type { AuthorizationRequest } from './auth';
import { createRbacAuthorizer } from './rbac-authorizer';
import { missingRules, ruleText } from './rbac-covers';
import { rbacSourceOf } from './rbac-index';
import { ruleAllows } from './rbac-rules';
import { rulesFor } from './rbac-source';

const some = (...values: string[]) =>
  fc.uniqueArray(fc.constantFrom(...values), { minLength: 1, maxLength: 3 });
const rule: fc.Arbitrary<PolicyRule> = fc.oneof(
  fc.record(
    {
      verbs: some('get', 'list', 'create', '*'),
      apiGroups: some('', 'apps', '*'),
      resources: some('pods', 'pods/log', 'nodes', '*/log', '*'),
      resourceNames: some('a', 'b'),
    },
    { requiredKeys: ['verbs', 'apiGroups', 'resources'] },
  ),
  fc.record({ verbs: some('get', '*'), nonResourceURLs: some('/a', '/a/*', '/a/b', '*') }),
);
const rules = fc.array(rule, { maxLength: 4 });
const user = { name: 'u', groups: ['g'] };
const request: fc.Arbitrary<AuthorizationRequest> = fc.oneof(
  fc
    .record(
      {
        verb: fc.constantFrom('get', 'list', 'create', 'delete'),
        group: fc.constantFrom('', 'apps'),
        plural: fc.constantFrom('pods', 'nodes'),
        subresource: fc.constantFrom('log', 'status'),
        name: fc.constantFrom('a', 'b', 'c'),
        namespace: fc.constantFrom('n', 'm'),
      },
      { requiredKeys: ['verb', 'group', 'plural'] },
    )
    .map((resource) => ({ user, resource: { version: 'v1', ...resource } })),
  fc.record({
    user: fc.constant(user),
    verb: fc.constantFrom('get', 'post'),
    path: fc.constantFrom('/a', '/a/b', '/c'),
  }),
);

describe('missingRules', () => {
  it('finds nothing missing only where nothing more is granted', () => {
    fc.assert(
      fc.property(rules, rules, request, (held, wanted, asked) => {
        fc.pre(missingRules(held, wanted).length === 0);
        if (wanted.some((one) => ruleAllows(one, asked))) {
          expect(held.some((one) => ruleAllows(one, asked))).toBe(true);
        }
      }),
      { numRuns: 500 },
    );
  });

  it('is satisfied once the missing rules are held as well', () => {
    fc.assert(
      fc.property(rules, rules, (held, wanted) => {
        expect(missingRules([...held, ...missingRules(held, wanted)], wanted)).toEqual([]);
      }),
    );
  });

  it('names what is missing by resource', () => {
    const held = [{ verbs: ['get'], apiGroups: [''], resources: ['pods'] }];
    const wanted = [{ verbs: ['get', 'list', 'watch'], apiGroups: [''], resources: ['pods'] }];
    expect(missingRules(held, wanted).map(ruleText)).toEqual([
      '{APIGroups:[""], Resources:["pods"], Verbs:["list" "watch"]}',
    ]);
  });
});

describe('createRbacAuthorizer', () => {
  const group = 'rbac.authorization.k8s.io';
  const subjects = [{ kind: 'Group', apiGroup: group, name: 'g' }];
  const source = (cluster: PolicyRule[], own: PolicyRule[]) =>
    rbacSourceOf({
      clusterRoles: [{ metadata: { name: 'c' }, rules: cluster }],
      clusterRoleBindings: [{ roleRef: { apiGroup: group, kind: 'ClusterRole', name: 'c' }, subjects }],
      roles: [{ metadata: { name: 'r', namespace: 'n' }, rules: own }],
      roleBindings: [
        { metadata: { namespace: 'n' }, roleRef: { apiGroup: group, kind: 'Role', name: 'r' }, subjects },
      ],
    });

  it('answers from memory what the rules say, however often and in whatever order it is asked', () => {
    fc.assert(
      fc.property(rules, rules, fc.array(request, { maxLength: 30 }), (cluster, own, asked) => {
        const rbac = source(cluster, own);
        const authorizer = createRbacAuthorizer(rbac);
        for (const one of [...asked, ...asked]) {
          const namespace = one.resource?.namespace;
          const expected = [...rulesFor(rbac, user, namespace)].some((each) => ruleAllows(each, one));
          expect(authorizer.authorize(one)).toMatchObject({ allowed: expected });
        }
      }),
    );
  });

  it('forgets when roles or bindings change', () => {
    let generation = 0;
    let current = source([], []);
    const authorizer = createRbacAuthorizer({
      get generation() {
        return generation;
      },
      clusterRole: (name) => current.clusterRole(name),
      role: (namespace, name) => current.role(namespace, name),
      clusterRoleBindings: () => current.clusterRoleBindings(),
      roleBindings: (namespace) => current.roleBindings(namespace),
    });
    const asked = { user, resource: { verb: 'get', group: '', version: 'v1', plural: 'pods' } };
    expect(authorizer.authorize(asked)).toEqual({ allowed: false });
    current = source([{ verbs: ['get'], apiGroups: [''], resources: ['pods'] }], []);
    generation++;
    expect(authorizer.authorize(asked)).toMatchObject({ allowed: true });
  });
});
