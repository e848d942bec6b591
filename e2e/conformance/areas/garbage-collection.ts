import { randomUUID } from 'node:crypto';
import type { PodTemplateSpec } from 'kubernetes-types/core/v1';
import type { OwnerReference } from 'kubernetes-types/meta/v1';
import { expect } from 'vitest';
import { conformance as named, type Stage } from '../support/suite';

const conformance = (name: string, test: (stage: Stage) => Promise<void>) =>
  named(`[sig-api-machinery] Garbage collector ${name} [Conformance]`, test, 240);

const template = ({ pods }: Stage, app: string): PodTemplateSpec => ({
  metadata: { labels: { app } },
  spec: pods.idle('').spec,
});

async function replicationController(stage: Stage, name: string, replicas: number) {
  const { space } = stage;
  const made = await space.create('replicationcontrollers', {
    metadata: { name },
    spec: { replicas, selector: { app: name }, template: template(stage, name) },
  });
  await space.until('replicationcontrollers', name, ({ status }) => status?.replicas === replicas);
  return made;
}

async function deployment(stage: Stage) {
  const { space } = stage;
  await space.create('deployments', {
    metadata: { name: 'd' },
    spec: { replicas: 1, selector: { matchLabels: { app: 'd' } }, template: template(stage, 'd') },
  });
  await space.untilList('replicasets', '', (sets) => sets.length === 1 && sets[0]?.status?.replicas === 1);
}

/**
 * The collector has had its turn: an orphan that came after all that is looked at is gone. What it has not taken by
 * then it means to keep.
 */
async function collectorHasPassed({ space }: Stage): Promise<void> {
  const owner = { apiVersion: 'v1', kind: 'ConfigMap', name: 'never-was', uid: randomUUID() };
  await space.create('configmaps', { metadata: { name: 'orphan', ownerReferences: [owner] } });
  await space.untilGone('configmaps', 'orphan');
}

const ownerOf = (
  pod: { metadata: { name: string; uid: string } },
  more: Partial<OwnerReference> = {},
): OwnerReference => ({
  apiVersion: 'v1',
  kind: 'Pod',
  name: pod.metadata.name,
  uid: pod.metadata.uid,
  ...more,
});

/** What becomes of objects when those that own them go. */
export function garbageCollection(): void {
  conformance('should delete pods created by rc when not orphaning', async (stage) => {
    await replicationController(stage, 'x', 2);
    await stage.space.remove('replicationcontrollers', 'x', { propagationPolicy: 'Background' });
    await stage.space.untilList('pods', '', (pods) => pods.length === 0);
  });

  conformance('should orphan pods created by rc if delete options say so', async (stage) => {
    const { space } = stage;
    await replicationController(stage, 'x', 5);
    await space.remove('replicationcontrollers', 'x', { propagationPolicy: 'Orphan' });
    await space.untilGone('replicationcontrollers', 'x');
    await collectorHasPassed(stage);
    const pods = await space.list('pods');
    expect(pods.filter(({ metadata }) => !metadata.deletionTimestamp)).toHaveLength(5);
    for (const { metadata } of pods) expect(metadata.ownerReferences ?? []).toEqual([]);
  });

  conformance('should delete RS created by deployment when not orphaning', async (stage) => {
    await deployment(stage);
    await stage.space.remove('deployments', 'd', { propagationPolicy: 'Background' });
    await stage.space.untilList('replicasets', '', (sets) => sets.length === 0);
  });

  conformance(
    'should orphan RS created by deployment when deleteOptions.PropagationPolicy is Orphan',
    async (stage) => {
      const { space } = stage;
      await deployment(stage);
      await space.remove('deployments', 'd', { propagationPolicy: 'Orphan' });
      await space.untilGone('deployments', 'd');
      await collectorHasPassed(stage);
      const sets = await space.list('replicasets');
      expect(sets).toHaveLength(1);
      expect(sets[0]?.metadata.ownerReferences ?? []).toEqual([]);
    },
  );

  conformance(
    'should keep the rc around until all its pods are deleted if the deleteOptions says so',
    async (stage) => {
      const { space } = stage;
      await replicationController(stage, 'x', 3);
      // One pod is held, and so its owner has to stay.
      const [held] = await space.list('pods');
      const name = held?.metadata.name ?? '';
      await space.patch('pods', name, { metadata: { finalizers: ['example.com/held'] } });
      await space.remove('replicationcontrollers', 'x', { propagationPolicy: 'Foreground' });
      const waiting = await space.until(
        'replicationcontrollers',
        'x',
        ({ metadata }) => metadata.deletionTimestamp,
      );
      expect(waiting.metadata.finalizers).toContain('foregroundDeletion');
      await space.untilList('pods', '', (pods) => pods.length === 1);
      await collectorHasPassed(stage);
      expect((await space.get('replicationcontrollers', 'x')).metadata.uid).toBe(waiting.metadata.uid);
      await space.patch('pods', name, { metadata: { finalizers: [] } });
      await space.untilGone('replicationcontrollers', 'x');
      expect(await space.list('pods')).toEqual([]);
    },
  );

  conformance(
    "should not delete dependents that have both valid owner and owner that's waiting for dependents to be deleted",
    async (stage) => {
      const { space } = stage;
      await replicationController(stage, 'going', 4);
      const staying = await replicationController(stage, 'staying', 0);
      const pods = await space.list('pods', '?labelSelector=app%3Dgoing');
      const shared = pods.slice(0, 2).map(({ metadata }) => metadata.name);
      const { name, uid } = staying.metadata;
      for (const pod of shared) {
        await space.change('pods', pod, ({ metadata }) => {
          const owner = { apiVersion: 'v1', kind: 'ReplicationController', name, uid };
          metadata.ownerReferences = [...(metadata.ownerReferences ?? []), owner];
        });
      }
      await space.remove('replicationcontrollers', 'going', { propagationPolicy: 'Foreground' });
      await space.untilGone('replicationcontrollers', 'going');
      const left = await space.untilList('pods', '?labelSelector=app%3Dgoing', (items) => items.length <= 2);
      expect(left.map(({ metadata }) => metadata.name).sort()).toEqual(shared.sort());
      for (const { metadata } of left) {
        expect(metadata.deletionTimestamp).toBeUndefined();
        expect(metadata.ownerReferences?.map((owner) => owner.uid)).toEqual([uid]);
      }
    },
  );

  conformance('should not be blocked by dependency circle', async (stage) => {
    const { space, pods } = stage;
    const made = [];
    for (const name of ['a', 'b', 'c']) made.push(await space.create('pods', pods.idle(name)));
    for (const [i, pod] of made.entries()) {
      const owner = made[(i + 2) % 3];
      const references = owner && [ownerOf(owner, { controller: true, blockOwnerDeletion: true })];
      await space.patch('pods', pod.metadata.name, { metadata: { ownerReferences: references } });
    }
    await space.remove('pods', 'a', { propagationPolicy: 'Foreground' });
    await space.untilList('pods', '', (items) => items.length === 0);
  });
}
