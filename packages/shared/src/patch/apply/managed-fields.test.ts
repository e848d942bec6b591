import { describe, expect, it } from 'vitest';
import type { JsonObject } from '../../meta/json';
import { applyPatch } from './apply-patch';
import { createdFields } from './created-fields';
import { ownablePart, updateManagedFields } from './managed-fields';
import { rootNode } from './nodes';

const ROLE = 'io.k8s.api.rbac.v1.Role';
const options = {
  manager: 'one',
  node: rootNode(ROLE),
  apiVersion: 'rbac.authorization.k8s.io/v1',
  now: new Date('2026-01-01T00:00:00Z'),
};
const role = (metadata: JsonObject, rules: unknown = null): JsonObject => ({
  kind: 'Role',
  apiVersion: options.apiVersion,
  metadata: { name: 'r', ...metadata },
  rules,
});
const live = (): JsonObject => {
  const created = role({ labels: { a: 'b' } });
  return role({ labels: { a: 'b' }, managedFields: updateManagedFields(undefined, created, options) });
};

describe('owners that a client sends', () => {
  it.each([
    ['a list of nothing', []],
    ['a single entry of nothing', [{}]],
  ])('are forgotten with %s', (_what, managedFields) => {
    expect(updateManagedFields(live(), role({ labels: { a: 'c' }, managedFields }), options)).toEqual([]);
  });

  it('are what they were when none are sent, or through a subresource', () => {
    const { managedFields } = live().metadata as JsonObject;
    expect(updateManagedFields(live(), role({ labels: { a: 'b' } }), options)).toEqual(managedFields);
    const status = { ...options, subresource: 'status' };
    expect(updateManagedFields(live(), role({ labels: { a: 'b' }, managedFields: [] }), status)).toEqual(
      managedFields,
    );
  });
});

describe('a field that is written as null when it is unset', () => {
  it('is nobody’s', () => {
    expect(createdFields(options.node, ownablePart(role({})))).toBeUndefined();
  });

  it('can be applied to by the first who does', () => {
    const rules = [{ verbs: ['get'], apiGroups: [''], resources: ['pods'] }];
    const applied = applyPatch(role({}), role({}, rules), { ...options, force: false });
    expect(applied.rules).toEqual(rules);
  });
});
