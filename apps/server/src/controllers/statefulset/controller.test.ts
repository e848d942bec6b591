import { forbidden, serviceUnavailable, staleWrite } from '@wheelhouse/shared/errors';
import { controllerRevisionKind } from '@wheelhouse/shared/kinds/apps/controller-revision';
import { statefulSetKind } from '@wheelhouse/shared/kinds/apps/stateful-set';
import { eventKind } from '@wheelhouse/shared/kinds/core/event';
import { persistentVolumeClaimKind } from '@wheelhouse/shared/kinds/core/persistent-volume-claim';
import { podKind } from '@wheelhouse/shared/kinds/core/pod';
import { keyOf, type Stored } from '@wheelhouse/shared/meta/object';
import fc from 'fast-check';
import type { StatefulSet, StatefulSetSpec } from 'kubernetes-types/apps/v1';
import type { Pod } from 'kubernetes-types/core/v1';
import { describe, expect, it } from 'vitest';
import { Harness } from '../testing/harness';
import { revisionOfPod } from './identity';
import { isRunningAndReady } from './plan';

const template = (image: string) => ({
  metadata: { labels: { app: 'db' } },
  spec: { containers: [{ name: 'c', image }] },
});

async function started(spec: Partial<StatefulSetSpec> = {}): Promise<Harness> {
  const harness = new Harness(['statefulset']);
  const set: StatefulSet = {
    metadata: { name: 'db', namespace: 'n' },
    spec: {
      replicas: 3,
      serviceName: 'db',
      selector: { matchLabels: { app: 'db' } },
      template: template('v1'),
      podManagementPolicy: 'OrderedReady',
      updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition: 0 } },
      ...spec,
    },
  };
  await harness.client.create(statefulSetKind, set);
  await harness.start();
  return harness;
}

function current(harness: Harness): Stored<StatefulSet> {
  const [set] = harness.client.all(statefulSetKind);
  if (!set) throw new Error('the set is gone');
  return set;
}

async function change(harness: Harness, spec: Partial<StatefulSetSpec>): Promise<void> {
  await harness.client.patch(statefulSetKind, current(harness).metadata, { type: 'merge', body: { spec } });
  await harness.quiet();
}

const names = (harness: Harness) =>
  harness
    .pods()
    .map(({ metadata }) => metadata.name)
    .sort();
const images = (harness: Harness) =>
  [...harness.pods()]
    .sort((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1))
    .map(({ spec }) => spec?.containers[0]?.image);
const unready = (harness: Harness) =>
  harness.pods().filter((pod) => !isRunningAndReady(pod) && !pod.metadata.deletionTimestamp);

/** Everything becomes ready, again and again, until nothing more happens. */
async function runPods(harness: Harness): Promise<void> {
  for (let round = 0; round < 40; round += 1) {
    await harness.finishTerminating();
    await harness.quiet();
    const pending = unready(harness);
    for (const pod of pending) await harness.setPod(pod, 'ready');
    await harness.quiet();
    if (pending.length === 0 && unready(harness).length === 0) return;
  }
}

async function makeReady(harness: Harness): Promise<void> {
  for (const pod of unready(harness)) await harness.setPod(pod, 'ready');
  await harness.quiet();
}

describe('statefulset controller', () => {
  it('makes pods one after the other, each with its name, host name and claim', async () => {
    const harness = await started({
      volumeClaimTemplates: [{ metadata: { name: 'data' }, spec: { accessModes: ['ReadWriteOnce'] } }],
    });
    expect(names(harness)).toEqual(['db-0']);
    await makeReady(harness);
    expect(names(harness)).toEqual(['db-0', 'db-1']);
    await runPods(harness);
    expect(names(harness)).toEqual(['db-0', 'db-1', 'db-2']);
    const [pod] = harness.pods();
    expect(pod?.spec).toMatchObject({
      hostname: 'db-0',
      subdomain: 'db',
      volumes: [{ name: 'data', persistentVolumeClaim: { claimName: 'data-db-0' } }],
    });
    expect(pod?.metadata.labels).toMatchObject({
      'statefulset.kubernetes.io/pod-name': 'db-0',
      'apps.kubernetes.io/pod-index': '0',
    });
    const claims = harness.client.all(persistentVolumeClaimKind);
    expect(claims.map(({ metadata }) => metadata.name)).toEqual(['data-db-0', 'data-db-1', 'data-db-2']);
    expect(claims[0]?.metadata.labels).toEqual({ app: 'db' });
    expect(current(harness).status).toMatchObject({
      replicas: 3,
      readyReplicas: 3,
      availableReplicas: 3,
      currentReplicas: 3,
      updatedReplicas: 3,
      collisionCount: 0,
    });
    await harness.stop();
  });

  it('puts back the labels that name a pod, and tells of it', async () => {
    const harness = await started({ replicas: 1 });
    const { client } = harness;
    await runPods(harness);
    const [pod] = harness.pods();
    expect(pod?.metadata).toMatchObject({ name: 'db-0', generateName: 'db-' });
    const label = 'statefulset.kubernetes.io/pod-name';
    const body = { metadata: { labels: { [label]: null } } };
    await client.patch(podKind, { namespace: 'n', name: 'db-0' }, { type: 'merge', body });
    await harness.quiet();
    expect(harness.pods()[0]?.metadata.labels?.[label]).toBe('db-0');
    const messages = client.all(eventKind).map(({ message }) => message);
    expect(messages).toContain('update Pod db-0 in StatefulSet db successful');
    await harness.stop();
  });

  it('tells of a claim that cannot be made, and of the pod that waits for it', async () => {
    const harness = await started({ replicas: 0 });
    const { client } = harness;
    client.before = ({ type, verb }) => {
      if (verb === 'create' && type === persistentVolumeClaimKind)
        throw forbidden({ kind: 'persistentvolumeclaims', name: 'data-db-0' }, 'exceeded quota');
    };
    const claim = { metadata: { name: 'data' }, spec: { accessModes: ['ReadWriteOnce'] } };
    await change(harness, { replicas: 1, volumeClaimTemplates: [claim] });
    const refusal = 'persistentvolumeclaims "data-db-0" is forbidden: exceeded quota';
    const messages = client.all(eventKind).map(({ message }) => message);
    expect(messages).toEqual([
      `create Claim data-db-0 for Pod db-0 in StatefulSet db failed error: ${refusal}`,
      `create Pod db-0 in StatefulSet db failed error: failed to create PVC data-db-0: ${refusal}`,
    ]);
    await harness.stop();
  });

  it('says what is left while it waits for its end', async () => {
    const harness = await started({ replicas: 2 });
    const { client } = harness;
    await runPods(harness);
    const { generation = 0 } = current(harness).metadata;
    await client.delete(statefulSetKind, current(harness).metadata, { propagationPolicy: 'Foreground' });
    for (const pod of harness.pods()) await client.delete(podKind, pod.metadata, { gracePeriodSeconds: 0 });
    await harness.quiet();
    expect(harness.pods()).toEqual([]);
    expect(current(harness).status).toMatchObject({ replicas: 0, observedGeneration: generation });
    await harness.stop();
  });

  it('in parallel makes and removes all at once, from the first ordinal that is asked for', async () => {
    const harness = await started({ podManagementPolicy: 'Parallel', ordinals: { start: 5 } });
    expect(names(harness)).toEqual(['db-5', 'db-6', 'db-7']);
    await change(harness, { replicas: 1 });
    expect(names(harness)).toEqual(['db-5']);
    await harness.stop();
  });

  it('scales down from the highest ordinal, one at a time, and only while all are well', async () => {
    const harness = await started();
    await runPods(harness);
    const [first] = harness.pods();
    if (!first) throw new Error('no pod');
    await harness.setPod(first, 'unready');
    await change(harness, { replicas: 0 });
    // db-0 itself is condemned: it is the first that is not well, so the healthy ones may go above it.
    await runPods(harness);
    expect(names(harness)).toEqual([]);
    await harness.stop();
  });

  it('updates from the highest ordinal down to the partition', async () => {
    const harness = await started();
    await runPods(harness);
    await change(harness, {
      template: template('v2'),
      updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition: 2 } },
    });
    await runPods(harness);
    expect(images(harness)).toEqual(['v1', 'v1', 'v2']);
    const { status } = current(harness);
    expect(status).toMatchObject({ currentReplicas: 2, updatedReplicas: 1 });
    expect(status?.currentRevision).not.toBe(status?.updateRevision);
    // A pod below the partition that is lost comes back as it was.
    await harness.client.delete(podKind, { namespace: 'n', name: 'db-0' });
    await runPods(harness);
    expect(images(harness)).toEqual(['v1', 'v1', 'v2']);
    await change(harness, { updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition: 0 } } });
    await runPods(harness);
    expect(images(harness)).toEqual(['v2', 'v2', 'v2']);
    expect(current(harness).status?.currentRevision).toBe(current(harness).status?.updateRevision);
    await harness.stop();
  });

  it('with OnDelete changes only what is deleted, and a rollback finds its old revision', async () => {
    const harness = await started({ updateStrategy: { type: 'OnDelete' } });
    await runPods(harness);
    await change(harness, { template: template('v2') });
    await runPods(harness);
    expect(images(harness)).toEqual(['v1', 'v1', 'v1']);
    await harness.client.delete(podKind, { namespace: 'n', name: 'db-1' });
    await runPods(harness);
    expect(images(harness)).toEqual(['v1', 'v2', 'v1']);
    await change(harness, { template: template('v1') });
    await harness.quiet();
    const revisions = harness.client.all(controllerRevisionKind).map(({ revision }) => revision);
    expect(revisions.sort()).toEqual([2, 3]);
    await harness.stop();
  });

  it('makes failed pods again under their names, and keeps as many revisions as the limit says', async () => {
    const harness = await started({ replicas: 1, revisionHistoryLimit: 1 });
    await runPods(harness);
    const [pod] = harness.pods();
    if (!pod) throw new Error('no pod');
    await harness.setPod(pod, 'failed');
    await runPods(harness);
    expect(harness.pods().map(({ metadata }) => metadata.name)).toEqual(['db-0']);
    expect(harness.pods()[0]?.metadata.uid).not.toBe(pod.metadata.uid);
    for (const image of ['v2', 'v3', 'v4']) {
      await change(harness, { template: template(image) });
      await runPods(harness);
    }
    const kept = harness.client.all(controllerRevisionKind).map(({ revision }) => revision);
    expect(kept).toEqual([3, 4]);
    await harness.stop();
  });

  it('waits for minReadySeconds before it goes on', async () => {
    const harness = await started({ minReadySeconds: 10 });
    await makeReady(harness);
    expect(names(harness)).toEqual(['db-0']);
    await harness.advance(10_000);
    expect(names(harness)).toEqual(['db-0', 'db-1']);
    await harness.stop();
  });

  it('lets claims go with their pods or the set, as the retention policy says', async () => {
    const harness = await started({
      volumeClaimTemplates: [{ metadata: { name: 'data' }, spec: { accessModes: ['ReadWriteOnce'] } }],
      persistentVolumeClaimRetentionPolicy: { whenDeleted: 'Delete', whenScaled: 'Delete' },
    });
    await runPods(harness);
    const ownersOf = (name: string) =>
      harness.client
        .all(persistentVolumeClaimKind)
        .find(({ metadata }) => metadata.name === name)
        ?.metadata.ownerReferences?.map(({ kind, name: owner }) => `${kind}/${owner}`);
    expect(ownersOf('data-db-2')).toEqual(['StatefulSet/db']);
    await change(harness, { replicas: 2 });
    await runPods(harness);
    expect(ownersOf('data-db-2')).toEqual(['Pod/db-2']);
    // The name comes back only once the old claim, which goes with the old pod, is gone.
    await change(harness, { replicas: 3 });
    await harness.advance(5_000);
    expect(names(harness)).toEqual(['db-0', 'db-1']);
    await harness.client.delete(persistentVolumeClaimKind, { namespace: 'n', name: 'data-db-2' });
    await harness.advance(5_000);
    expect(names(harness)).toEqual(['db-0', 'db-1', 'db-2']);
    expect(ownersOf('data-db-2')).toEqual(['StatefulSet/db']);
    await harness.stop();
  });

  it('keeps order and budget and converges, whatever the order of events, lags and failures', async () => {
    const step = fc.oneof(
      { weight: 4, arbitrary: fc.record({ do: fc.constant('ready' as const), pod: fc.nat(5) }) },
      fc.record({ do: fc.constant('fail' as const), pod: fc.nat(5) }),
      fc.record({ do: fc.constant('bind' as const), pod: fc.nat(5) }),
      fc.record({ do: fc.constant('image' as const), name: fc.constantFrom('v1', 'v2', 'v3') }),
      fc.record({ do: fc.constant('scale' as const), replicas: fc.nat(4) }),
      fc.record({
        do: fc.constant('hide' as const),
        kind: fc.constantFrom(podKind, statefulSetKind, controllerRevisionKind),
      }),
      fc.record({
        do: fc.constantFrom('show', 'restart', 'finish', 'advance', 'conflict', 'lose' as const),
      }),
    );
    const options = fc.record({
      replicas: fc.integer({ min: 1, max: 4 }),
      podManagementPolicy: fc.constantFrom('OrderedReady', 'Parallel'),
      partition: fc.nat(2),
    });
    await fc.assert(
      fc.asyncProperty(options, fc.array(step, { maxLength: 30 }), async (wanted, steps) => {
        const { partition, ...spec } = wanted;
        const updateStrategy = { type: 'RollingUpdate', rollingUpdate: { partition } };
        const harness = await started({ ...spec, updateStrategy });
        const { client } = harness;
        const ordered = spec.podManagementPolicy === 'OrderedReady';
        let trouble: 'conflict' | 'lose' | undefined;
        let lagging = false;
        let ours = false;
        // Collected, since the controllers would take a throw here for a failed call.
        const violations: string[] = [];
        client.before = ({ verb, type, key }) => {
          // What a controller that lags knows is old, so its order is judged by what it knew: not here.
          if (ours || lagging || type !== podKind || !ordered) return;
          const ordinal = Number(key.split('-').at(-1));
          const below = (pod: Stored<Pod>) => Number(pod.metadata.name.split('-').at(-1)) < ordinal;
          const unwell = harness.pods().filter((pod) => below(pod) && !isRunningAndReady(pod));
          if (verb === 'create' && unwell.length > 0) violations.push(`${key} beside unwell pods`);
        };
        client.after = ({ type }) => {
          if (ours) return;
          const happened = trouble;
          trouble = undefined;
          if (happened) throw happened === 'lose' ? serviceUnavailable(`lost ${type.kind}`) : staleWrite({});
        };
        for (const action of steps) {
          ours = true;
          const pod = 'pod' in action ? harness.pods()[action.pod] : undefined;
          if (pod && action.do === 'ready') await harness.setPod(pod, 'ready');
          if (pod && action.do === 'fail') await harness.setPod(pod, 'failed');
          if (pod && action.do === 'bind' && !pod.spec?.nodeName) {
            const target = { target: { name: 'node' } };
            await client.createSubresource(podKind, pod.metadata, 'binding', target as object);
          }
          if (action.do === 'image') await change(harness, { template: template(action.name) });
          if (action.do === 'scale') await change(harness, { replicas: action.replicas });
          if (action.do === 'hide') {
            client.hideChanges(action.kind);
            lagging = true;
          }
          if (action.do === 'show') client.showChanges();
          if (action.do === 'finish') await harness.finishTerminating();
          if (action.do === 'conflict' || action.do === 'lose') trouble = action.do;
          ours = false;
          if (action.do === 'advance') await harness.advance(2_000);
          if (action.do === 'restart') {
            client.showChanges();
            trouble = undefined;
            await harness.restart();
          } else await harness.quiet();
          if (action.do === 'show' || action.do === 'restart') lagging = false;
        }
        trouble = undefined;
        client.showChanges();
        await harness.quiet();
        lagging = false;
        for (let round = 0; round < 12; round += 1) {
          await harness.advance(60_000);
          await runPods(harness);
        }
        expect(violations).toEqual([]);
        const { spec: last, status } = current(harness);
        const replicas = last?.replicas ?? 0;
        expect(names(harness)).toEqual(Array.from({ length: replicas }, (_, i) => `db-${i}`));
        for (const pod of harness.pods().slice()) {
          const ordinal = Number(pod.metadata.name.split('-').at(-1));
          if (ordinal >= partition) {
            expect([keyOf(pod), revisionOfPod(pod)]).toEqual([keyOf(pod), status?.updateRevision]);
          }
        }
        expect(status).toMatchObject({ replicas, availableReplicas: replicas });
        const writes = client.writes.length;
        await harness.settle();
        expect(client.writes.length).toBe(writes);
        await harness.stop();
      }),
      { numRuns: 60 },
    );
  }, 60_000);
});
