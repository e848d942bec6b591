import { MemoryClient } from '@wheelhouse/shared/client/testing/memory-client';
import { clusterRoleKind } from '@wheelhouse/shared/kinds/rbac/cluster-role';
import { clusterRoleBindingKind } from '@wheelhouse/shared/kinds/rbac/cluster-role-binding';
import { roleKind } from '@wheelhouse/shared/kinds/rbac/role';
import { roleBindingKind } from '@wheelhouse/shared/kinds/rbac/role-binding';
import { haveFacts, readJsonFact } from '@wheelhouse/shared/testing/facts';
import type { PolicyRule, RoleRef, Subject } from 'kubernetes-types/rbac/v1';
import { beforeEach, describe, expect, it } from 'vitest';
import { missingRules } from '../rbac-covers';
import { DEFAULT_RBAC } from './default-rbac';
import { ensureDefaultRbac } from './ensure-default-rbac';

interface RecordedRole {
  ns?: string;
  name: string;
  labels?: Record<string, string>;
  aggregationRule?: unknown;
  rules: PolicyRule[] | null;
}
interface RecordedBinding {
  ns?: string;
  name: string;
  roleRef: RoleRef;
  subjects: Subject[] | null;
}

describe.skipIf(!haveFacts)('the default roles, beside those of a real server', () => {
  const facts = (haveFacts ? readJsonFact('facts/default-rbac.json') : {}) as {
    clusterRoles: RecordedRole[];
    clusterRoleBindings: RecordedBinding[];
    roles: RecordedRole[];
    roleBindings: RecordedBinding[];
  };

  it('grant at least what those grant', () => {
    for (const recorded of facts.clusterRoles) {
      const own = DEFAULT_RBAC.clusterRoles.find(({ metadata }) => metadata?.name === recorded.name);
      expect(own, recorded.name).toBeDefined();
      expect(missingRules(own?.rules ?? [], recorded.rules ?? []), recorded.name).toEqual([]);
      expect(own?.aggregationRule ?? null, recorded.name).toEqual(recorded.aggregationRule ?? null);
      expect(own?.metadata?.labels, recorded.name).toMatchObject(recorded.labels ?? {});
    }
    for (const recorded of facts.roles) {
      const own = DEFAULT_RBAC.roles.find(
        ({ metadata }) => metadata?.name === recorded.name && metadata.namespace === recorded.ns,
      );
      expect(own?.rules, recorded.name).toEqual(recorded.rules);
    }
  });

  it('are granted to the same subjects', () => {
    for (const recorded of facts.clusterRoleBindings) {
      const own = DEFAULT_RBAC.clusterRoleBindings.find(({ metadata }) => metadata?.name === recorded.name);
      expect(own?.roleRef, recorded.name).toEqual(recorded.roleRef);
      expect(own?.subjects ?? null, recorded.name).toEqual(recorded.subjects);
    }
    for (const recorded of facts.roleBindings) {
      const own = DEFAULT_RBAC.roleBindings.find(
        ({ metadata }) => metadata?.name === recorded.name && metadata.namespace === recorded.ns,
      );
      expect([own?.roleRef, own?.subjects], recorded.name).toEqual([recorded.roleRef, recorded.subjects]);
    }
  });
});

describe('ensureDefaultRbac', () => {
  let client: MemoryClient;
  beforeEach(async () => {
    client = new MemoryClient();
    await ensureDefaultRbac(client);
  });
  const viewer = { name: 'system:public-info-viewer' };

  it('creates everything once and then writes nothing', async () => {
    expect(client.all(clusterRoleKind)).toHaveLength(DEFAULT_RBAC.clusterRoles.length);
    expect(client.all(clusterRoleBindingKind)).toHaveLength(DEFAULT_RBAC.clusterRoleBindings.length);
    expect(client.all(roleKind)).toHaveLength(DEFAULT_RBAC.roles.length);
    expect(client.all(roleBindingKind)).toHaveLength(DEFAULT_RBAC.roleBindings.length);
    const before = client.all(clusterRoleKind).map(({ metadata }) => metadata.resourceVersion);
    await ensureDefaultRbac(client);
    expect(client.all(clusterRoleKind).map(({ metadata }) => metadata.resourceVersion)).toEqual(before);
  });

  it('gives back what was taken and keeps what was added', async () => {
    const own: PolicyRule = { nonResourceURLs: ['/own'], verbs: ['get'] };
    const role = await client.get(clusterRoleKind, viewer);
    await client.update(clusterRoleKind, { ...role, rules: [own] });
    const binding = await client.get(clusterRoleBindingKind, viewer);
    const guest: Subject = { kind: 'User', apiGroup: 'rbac.authorization.k8s.io', name: 'guest' };
    await client.update(clusterRoleBindingKind, { ...binding, subjects: [guest] });
    await ensureDefaultRbac(client);
    const rules = (await client.get(clusterRoleKind, viewer)).rules ?? [];
    expect(rules).toContainEqual(own);
    expect(missingRules(rules, role.rules ?? [])).toEqual([]);
    const { subjects } = await client.get(clusterRoleBindingKind, viewer);
    expect(subjects).toEqual([guest, ...(binding.subjects ?? [])]);
  });

  it('leaves alone what says that it is not updated', async () => {
    const role = await client.get(clusterRoleKind, viewer);
    const annotations = { 'rbac.authorization.kubernetes.io/autoupdate': 'false' };
    await client.update(clusterRoleKind, { ...role, metadata: { ...role.metadata, annotations }, rules: [] });
    await ensureDefaultRbac(client);
    expect((await client.get(clusterRoleKind, viewer)).rules).toEqual([]);
  });

  it('binds anew what was bound to another role', async () => {
    const binding = await client.get(clusterRoleBindingKind, viewer);
    await client.delete(clusterRoleBindingKind, viewer);
    const roleRef = { ...binding.roleRef, name: 'cluster-admin' };
    await client.create(clusterRoleBindingKind, { metadata: { name: viewer.name }, roleRef });
    await ensureDefaultRbac(client);
    expect((await client.get(clusterRoleBindingKind, viewer)).roleRef).toEqual(binding.roleRef);
  });
});
