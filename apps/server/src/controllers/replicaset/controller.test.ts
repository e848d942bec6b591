import { forbidden, serviceUnavailable, staleWrite } from '@wheelhouse/shared/errors';
import { replicaSetKind } from '@wheelhouse/shared/kinds/apps/replica-set';
import { podKind } from '@wheelhouse/shared/kinds/core/pod';
import fc from 'fast-check';
import type { ReplicaSet } from 'kubernetes-types/apps/v1';
import type { Pod } from 'kubernetes-types/core/v1';
import { describe, expect, it } from 'vitest';
import { controllerOf } from '../machinery/owners';
import { isActive, isReady } from '../machinery/pods';
import { Harness } from '../testing/harness';

const labels = { app: 'web' };
const set = (replicas: number, minReadySeconds = 0): ReplicaSet => ({
  metadata: { name: 'web', namespace: 'n' },
  spec: {
    replicas,
    minReadySeconds,
    selector: { matchLabels: labels },
    template: { metadata: { labels }, spec: { containers: [{ name: 'c', image: 'i' }] } },
  },
});
const ref = { namespace: 'n', name: 'web' };
const pod = (name: string, more: Partial<NonNullable<Pod['metadata']>> = {}): Pod => ({
  metadata: { name, namespace: 'n', labels, ...more },
  spec: { containers: [{ name: 'c', image: 'i' }] },
});

async function started(replicas: number, minReadySeconds = 0): Promise<Harness> {
  const harness = new Harness(['replicaset']);
  await harness.client.create(replicaSetKind, set(replicas, minReadySeconds));
  await harness.start();
  return harness;
}

const current = (harness: Harness) => harness.client.all(replicaSetKind)[0];
const scale = (harness: Harness, replicas: number) =>
  harness.client.patch(replicaSetKind, ref, { type: 'merge', body: { spec: { replicas } } });

describe('replicaset controller', () => {
  it('creates the missing pods, owned and labelled, and reports them', async () => {
    const harness = await started(3);
    expect(harness.pods()).toHaveLength(3);
    for (const { metadata } of harness.pods()) {
      expect(metadata.labels).toEqual(labels);
      expect(metadata.name).toMatch(/^web-/);
      expect(controllerOf({ metadata })).toMatchObject({
        kind: 'ReplicaSet',
        name: 'web',
        blockOwnerDeletion: true,
      });
    }
    expect(current(harness)?.status).toEqual({ replicas: 3, fullyLabeledReplicas: 3, observedGeneration: 1 });
    await harness.stop();
  });

  it('replaces a pod that fails or is deleted, and removes the surplus after a scale-down', async () => {
    const harness = await started(2);
    const [first, second] = harness.pods();
    if (!first || !second) throw new Error('no pods');
    await harness.setPod(first, 'failed');
    await harness.client.delete(podKind, second.metadata);
    await harness.quiet();
    expect(harness.pods().filter(isActive)).toHaveLength(2);
    await scale(harness, 0);
    await harness.quiet();
    expect(harness.pods().filter(isActive)).toHaveLength(0);
    await harness.stop();
  });

  it('counts a pod as available once it has been ready for minReadySeconds', async () => {
    const harness = await started(1, 10);
    for (const pod of harness.pods()) await harness.setPod(pod, 'ready');
    await harness.quiet();
    expect(current(harness)?.status).toMatchObject({ readyReplicas: 1 });
    expect(current(harness)?.status?.availableReplicas).toBeUndefined();
    await harness.advance(10_000);
    expect(current(harness)?.status?.availableReplicas).toBe(1);
    await harness.stop();
  });

  it('adopts matching orphans, lets go what matches no longer, and leaves the pods of others alone', async () => {
    const harness = new Harness(['replicaset']);
    await harness.client.create(podKind, pod('orphan'));
    const other = { apiVersion: 'v1', kind: 'ReplicationController', name: 'rc', uid: 'x', controller: true };
    await harness.client.create(podKind, pod('foreign', { ownerReferences: [other] }));
    await harness.client.create(replicaSetKind, set(1));
    await harness.start();
    const uid = current(harness)?.metadata.uid;
    const owners = () =>
      Object.fromEntries(harness.pods().map((p) => [p.metadata.name, controllerOf(p)?.uid]));
    expect(owners()).toEqual({ orphan: uid, foreign: 'x' });
    await harness.client.patch(
      podKind,
      { namespace: 'n', name: 'orphan' },
      { type: 'merge', body: { metadata: { labels: { app: 'debug' } } } },
    );
    await harness.quiet();
    expect(owners()).toMatchObject({ orphan: undefined, foreign: 'x' });
    expect(harness.pods()).toHaveLength(3);
    await harness.stop();
  });

  it('shows a refused creation as a condition, backs off, and clears it', async () => {
    const harness = new Harness(['replicaset']);
    harness.client.before = ({ verb, type }) => {
      if (verb === 'create' && type === podKind) throw forbidden({ kind: 'pods' }, 'quota');
    };
    await harness.client.create(replicaSetKind, set(100));
    await harness.start();
    expect(current(harness)?.status?.conditions).toMatchObject([
      { type: 'ReplicaFailure', reason: 'FailedCreate' },
    ]);
    const attempts = harness.client.calls.filter(
      ({ verb, type }) => verb === 'create' && type === podKind,
    ).length;
    expect(attempts).toBeLessThan(4);
    harness.client.before = undefined;
    await harness.settle();
    expect(current(harness)?.status?.conditions).toBeUndefined();
    expect(harness.pods()).toHaveLength(100);
    await harness.stop();
  });

  it('creates nothing twice while the watch lags', async () => {
    const harness = await started(1);
    harness.client.hideChanges(podKind);
    for (const replicas of [4, 8, 9]) {
      await scale(harness, replicas);
      await harness.quiet();
    }
    expect(harness.pods()).toHaveLength(9);
    await scale(harness, 8);
    await harness.quiet();
    await scale(harness, 7);
    await harness.quiet();
    expect(harness.pods().filter(isActive)).toHaveLength(7);
    harness.client.showChanges();
    await harness.quiet();
    expect(harness.pods()).toHaveLength(7);
    expect(harness.client.writes.filter(({ verb }) => verb === 'delete')).toHaveLength(2);
    await harness.stop();
  });

  it('converges, and then rests, after any order of events, failures, lags and restarts', async () => {
    const step = fc.oneof(
      fc.record({ do: fc.constant('scale' as const), to: fc.nat(6) }),
      fc.record({
        do: fc.constantFrom('ready', 'unready', 'failed', 'succeeded', 'delete', 'relabel' as const),
        pod: fc.nat(9),
      }),
      fc.record({
        do: fc.constantFrom('orphan', 'show', 'expire', 'restart', 'finish', 'advance' as const),
      }),
      fc.record({ do: fc.constant('hide' as const), kind: fc.constantFrom(podKind, replicaSetKind) }),
      fc.record({
        do: fc.constant('fail' as const),
        how: fc.constantFrom('refuse', 'conflict', 'lose' as const),
        after: fc.nat(3),
      }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 25 }), async (steps) => {
        const harness = await started(2);
        const { client } = harness;
        let orphans = 0;
        let target = 2;
        const hooksOff = () => {
          client.before = undefined;
          client.after = undefined;
        };
        for (const action of steps) {
          if (action.do === 'fail') {
            let left = action.after;
            const fire = (error: Error) => () => {
              left -= 1;
              if (left < 0) throw error;
            };
            const failing = fire(action.how === 'conflict' ? staleWrite({}) : serviceUnavailable('lost'));
            const onWrite = ({ verb, type }: { verb: string; type: unknown }) => {
              if (type === podKind && ['create', 'delete', 'update'].includes(verb)) failing();
            };
            if (action.how === 'lose') client.after = onWrite;
            else client.before = onWrite;
            continue;
          }
          const { before, after } = client;
          hooksOff();
          if (action.do === 'scale') {
            target = action.to;
            await scale(harness, target);
          } else if ('pod' in action) {
            const chosen = harness.pods()[action.pod];
            if (!chosen) continue;
            if (action.do === 'delete') await client.delete(podKind, chosen.metadata);
            else if (action.do === 'relabel') {
              await client.patch(podKind, chosen.metadata, {
                type: 'merge',
                body: { metadata: { labels: { app: 'x' } } },
              });
            } else await harness.setPod(chosen, action.do);
          }
          if (action.do === 'orphan') await client.create(podKind, pod(`orphan-${orphans++}`));
          if (action.do === 'hide') client.hideChanges(action.kind);
          if (action.do === 'show') client.showChanges();
          if (action.do === 'expire') client.expireWatches();
          if (action.do === 'finish') await harness.finishTerminating();
          client.before = before;
          client.after = after;
          if (action.do === 'advance') await harness.advance(1_000);
          if (action.do === 'restart') {
            hooksOff();
            client.showChanges();
            await harness.restart();
          } else await harness.quiet();
        }
        hooksOff();
        client.showChanges();
        await harness.settle();
        const uid = current(harness)?.metadata.uid;
        const active = harness.pods().filter((p) => controllerOf(p)?.uid === uid && isActive(p));
        expect(active).toHaveLength(target);
        expect(current(harness)?.status).toMatchObject({
          replicas: target,
          observedGeneration: current(harness)?.metadata.generation,
        });
        expect(current(harness)?.status?.readyReplicas ?? 0).toBe(active.filter(isReady).length);
        const writes = client.writes.length;
        await harness.settle();
        expect(client.writes.length).toBe(writes);
        await harness.stop();
      }),
      { numRuns: 150 },
    );
  }, 60_000);
});
