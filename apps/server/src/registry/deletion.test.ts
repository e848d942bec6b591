import type { DeleteOptions } from '@wheelhouse/shared/client/client';
import { customResourceDefinitionKind } from '@wheelhouse/shared/kinds/apiextensions/custom-resource-definition';
import { replicaSetKind } from '@wheelhouse/shared/kinds/apps/replica-set';
import { namespaceKind } from '@wheelhouse/shared/kinds/core/namespace';
import { podKind } from '@wheelhouse/shared/kinds/core/pod';
import { replicationControllerKind } from '@wheelhouse/shared/kinds/core/replication-controller';
import type { KubeObject, ObjectMeta, Stored } from '@wheelhouse/shared/meta/object';
import { expect, test } from 'vitest';
import { planDeletion } from './deletion';

const now = new Date('2026-01-01T00:00:00Z');

function stored(kind: string, metadata: ObjectMeta, rest: object = {}): Stored<KubeObject> {
  return {
    kind,
    apiVersion: 'v1',
    metadata: { name: 'a', uid: 'u', resourceVersion: '1', ...metadata },
    ...rest,
  };
}
const pod = (metadata: ObjectMeta = {}, nodeName = 'n1') =>
  stored('Pod', metadata, { spec: { nodeName, terminationGracePeriodSeconds: 30, containers: [] } });
const plan = (object: Stored<KubeObject>, options: DeleteOptions = {}) =>
  planDeletion(podKind, object, options, now);

test('a bound pod gets its grace, an unbound one goes at once', () => {
  expect(plan(pod())).toMatchObject({
    action: 'mark',
    next: { metadata: { deletionTimestamp: '2026-01-01T00:00:30Z', deletionGracePeriodSeconds: 30 } },
  });
  expect(plan(pod({}, ''))).toMatchObject({ action: 'remove' });
  expect(plan(pod(), { gracePeriodSeconds: 5 })).toMatchObject({
    action: 'mark',
    next: { metadata: { deletionTimestamp: '2026-01-01T00:00:05Z', deletionGracePeriodSeconds: 5 } },
  });
});

test('a bound pod that needs no grace goes as one that is forced to, one with finalizers may change its mind', () => {
  const hasty = stored(
    'Pod',
    {},
    { spec: { nodeName: 'n1', terminationGracePeriodSeconds: 0, containers: [] } },
  );
  expect(plan(hasty)).toMatchObject({
    action: 'mark-and-remove',
    next: { metadata: { deletionGracePeriodSeconds: 0 } },
  });
  const held = pod({
    deletionTimestamp: '2026-01-01T00:00:00Z',
    deletionGracePeriodSeconds: 0,
    finalizers: ['x.io/a'],
  });
  expect(plan(held, { propagationPolicy: 'Foreground' })).toMatchObject({
    action: 'mark',
    next: { metadata: { finalizers: ['x.io/a', 'foregroundDeletion'] } },
  });
});

test('forcing a bound pod shows the mark before the removal', () => {
  expect(plan(pod(), { gracePeriodSeconds: 0 })).toMatchObject({
    action: 'mark-and-remove',
    next: { metadata: { deletionGracePeriodSeconds: 0 } },
  });
});

test('grace can be shortened, never extended', () => {
  const dying = pod({ deletionTimestamp: '2026-01-01T00:00:20Z', deletionGracePeriodSeconds: 30 });
  expect(plan(dying)).toEqual({ action: 'none' });
  expect(plan(dying, { gracePeriodSeconds: 60 })).toEqual({ action: 'none' });
  expect(plan(dying, { gracePeriodSeconds: 15 })).toMatchObject({
    action: 'mark',
    // The first request came 10 s ago: 5 of the 15 are left.
    next: { metadata: { deletionTimestamp: '2026-01-01T00:00:05Z', deletionGracePeriodSeconds: 15 } },
  });
  expect(plan(dying, { gracePeriodSeconds: 0 })).toMatchObject({ action: 'mark-and-remove' });
});

test('a second request may change its mind about dependents, and nothing else', () => {
  const metadata = {
    deletionTimestamp: '2025-12-31T23:59:00Z',
    deletionGracePeriodSeconds: 0,
    generation: 4,
    finalizers: ['foregroundDeletion'],
  };
  const dying = stored('ReplicaSet', metadata);
  expect(planDeletion(replicaSetKind, dying, {}, now)).toEqual({ action: 'none' });
  expect(planDeletion(replicaSetKind, dying, { propagationPolicy: 'Orphan' }, now)).toEqual({
    action: 'mark',
    next: { ...dying, metadata: { ...dying.metadata, finalizers: ['orphan'] } },
  });
});

test('finalizers hold; a held object is marked once', () => {
  const held = stored('ReplicaSet', { finalizers: ['example.com/hold'], generation: 3 });
  expect(planDeletion(replicaSetKind, held, {}, now)).toMatchObject({
    action: 'mark',
    next: { metadata: { finalizers: ['example.com/hold'], generation: 4 } },
  });
  const marked = stored('ReplicaSet', {
    finalizers: ['example.com/hold'],
    deletionTimestamp: '2026-01-01T00:00:00Z',
  });
  expect(planDeletion(replicaSetKind, marked, {}, now)).toEqual({ action: 'none' });
});

test('the propagation policy becomes a finalizer: asked for, standing, or the kind’s own', () => {
  const set = stored('ReplicaSet', {});
  const finalizersOf = (result: ReturnType<typeof planDeletion>) =>
    'next' in result ? result.next?.metadata?.finalizers : undefined;
  expect(planDeletion(replicaSetKind, set, {}, now)).toEqual({ action: 'remove' });
  expect(finalizersOf(planDeletion(replicaSetKind, set, { propagationPolicy: 'Foreground' }, now))).toEqual([
    'foregroundDeletion',
  ]);
  expect(finalizersOf(planDeletion(replicaSetKind, set, { propagationPolicy: 'Orphan' }, now))).toEqual([
    'orphan',
  ]);
  const controller = stored('ReplicationController', {});
  expect(finalizersOf(planDeletion(replicationControllerKind, controller, {}, now))).toEqual(['orphan']);
  expect(
    planDeletion(replicationControllerKind, controller, { propagationPolicy: 'Background' }, now),
  ).toEqual({
    action: 'remove',
  });
});

test('a namespace is held by the finalizers of its spec', () => {
  const namespace = stored(
    'Namespace',
    {},
    { spec: { finalizers: ['kubernetes'] }, status: { phase: 'Active' } },
  );
  const result = planDeletion(namespaceKind, namespace, {}, now);
  expect(result).toMatchObject({ action: 'mark', next: { status: { phase: 'Terminating' } } });
  expect('next' in result && result.next?.metadata?.deletionGracePeriodSeconds).toBe(undefined);
});

test('a definition that begins to go counts no change and has no grace', () => {
  const definition = stored('CustomResourceDefinition', { generation: 3 }, { status: {} });
  const begun = planDeletion(customResourceDefinitionKind, definition, {}, now);
  expect(begun).toMatchObject({ action: 'mark', next: { metadata: { generation: 3 } } });
  expect(begun.action === 'mark' && begun.next.metadata).not.toHaveProperty('deletionGracePeriodSeconds');
});
