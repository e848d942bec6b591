import { serviceUnavailable, staleWrite } from '@wheelhouse/shared/errors';
import { controllerRevisionKind } from '@wheelhouse/shared/kinds/apps/controller-revision';
import { daemonSetKind } from '@wheelhouse/shared/kinds/apps/daemon-set';
import { nodeKind } from '@wheelhouse/shared/kinds/core/node';
import { podKind } from '@wheelhouse/shared/kinds/core/pod';
import type { Stored } from '@wheelhouse/shared/meta/object';
import fc from 'fast-check';
import type { DaemonSet, DaemonSetSpec, RollingUpdateDaemonSet } from 'kubernetes-types/apps/v1';
import type { Pod, Taint } from 'kubernetes-types/core/v1';
import { describe, expect, it } from 'vitest';
import { isFinished, isReady } from '../machinery/pods';
import { Harness } from '../testing/harness';
import { nodeOf } from './nodes';

const template = (image: string, nodeSelector?: Record<string, string>) => ({
  metadata: { labels: { app: 'agent' } },
  spec: { containers: [{ name: 'c', image }], ...(nodeSelector ? { nodeSelector } : {}) },
});
const rolling = (rollingUpdate: RollingUpdateDaemonSet) => ({ type: 'RollingUpdate', rollingUpdate });

async function started(spec: Partial<DaemonSetSpec> = {}, nodes = 3): Promise<Harness> {
  const harness = new Harness(['daemonset']);
  for (let i = 0; i < nodes; i += 1) {
    await harness.client.create(nodeKind, {
      metadata: { name: `n${i}`, labels: { disk: i ? 'hdd' : 'ssd' } },
    });
  }
  const set: DaemonSet = {
    metadata: { name: 'agent', namespace: 'n' },
    spec: {
      selector: { matchLabels: { app: 'agent' } },
      template: template('v1'),
      updateStrategy: rolling({ maxUnavailable: 1, maxSurge: 0 }),
      ...spec,
    },
  };
  await harness.client.create(daemonSetKind, set);
  await harness.start();
  return harness;
}

function current(harness: Harness): Stored<DaemonSet> {
  const [set] = harness.client.all(daemonSetKind);
  if (!set) throw new Error('the set is gone');
  return set;
}

async function change(harness: Harness, spec: Partial<DaemonSetSpec>): Promise<void> {
  await harness.client.patch(daemonSetKind, current(harness).metadata, { type: 'merge', body: { spec } });
  await harness.quiet();
}

async function taint(harness: Harness, name: string, taints: Taint[]): Promise<void> {
  await harness.client.patch(nodeKind, { name }, { type: 'merge', body: { spec: { taints } } });
  await harness.quiet();
}

const living = (harness: Harness) =>
  harness.pods().filter((pod) => !pod.metadata.deletionTimestamp && !isFinished(pod));
const places = (harness: Harness) => living(harness).map(nodeOf).sort();
/** Pods beside one that serves. What replaces a pod that does not costs nothing. */
const extraPods = (harness: Harness) => {
  const pods = living(harness);
  const first = new Map<string | undefined, Stored<Pod>>();
  for (const pod of pods) if (!first.has(nodeOf(pod))) first.set(nodeOf(pod), pod);
  return pods.filter((pod) => {
    const oldest = first.get(nodeOf(pod));
    return oldest && oldest !== pod && isReady(oldest);
  }).length;
};
const images = (harness: Harness) => living(harness).map(({ spec }) => spec?.containers[0]?.image);
const unready = (harness: Harness) => living(harness).filter((pod) => !isReady(pod));

/** Binds a pod where it asks to be and makes it ready. */
async function run(harness: Harness, pod: Stored<Pod>): Promise<void> {
  await harness.setPod(pod, 'ready');
  await harness.quiet();
}

async function runPods(harness: Harness): Promise<void> {
  for (let round = 0; round < 40; round += 1) {
    await harness.finishTerminating();
    await harness.quiet();
    const pending = unready(harness);
    for (const pod of pending) await run(harness, pod);
    if (pending.length === 0 && unready(harness).length === 0) return;
  }
}

describe('daemonset controller', () => {
  it('puts a pod on every node, pinned so that the scheduler binds it there', async () => {
    const harness = await started();
    expect(places(harness)).toEqual(['n0', 'n1', 'n2']);
    const [pod] = harness.pods();
    expect(pod?.spec?.nodeName).toBeUndefined();
    expect(pod?.spec?.tolerations?.map(({ key }) => key)).toEqual(
      ['not-ready', 'unreachable', 'disk-pressure', 'memory-pressure', 'pid-pressure', 'unschedulable'].map(
        (name) => `node.kubernetes.io/${name}`,
      ),
    );
    await runPods(harness);
    await harness.client.create(nodeKind, { metadata: { name: 'n3' } });
    await runPods(harness);
    expect(places(harness)).toEqual(['n0', 'n1', 'n2', 'n3']);
    expect(current(harness).status).toMatchObject({
      desiredNumberScheduled: 4,
      currentNumberScheduled: 4,
      numberReady: 4,
      numberAvailable: 4,
      updatedNumberScheduled: 4,
      numberMisscheduled: 0,
    });
    await harness.stop();
  });

  it('follows selectors and taints: NoSchedule lets stay who is there, NoExecute does not', async () => {
    const harness = await started();
    await runPods(harness);
    await taint(harness, 'n0', [{ key: 'k', effect: 'NoSchedule' }]);
    expect(places(harness)).toEqual(['n0', 'n1', 'n2']);
    expect(current(harness).status).toMatchObject({ desiredNumberScheduled: 2, numberMisscheduled: 1 });
    await taint(harness, 'n0', [{ key: 'k', effect: 'NoExecute' }]);
    expect(places(harness)).toEqual(['n1', 'n2']);
    await taint(harness, 'n0', [{ key: 'node.kubernetes.io/unreachable', effect: 'NoExecute' }]);
    expect(places(harness)).toEqual(['n0', 'n1', 'n2']);
    await change(harness, { template: template('v1', { disk: 'ssd' }) });
    await runPods(harness);
    expect(places(harness)).toEqual(['n0']);
    await harness.stop();
  });

  it('replaces failed pods after ever longer pauses', async () => {
    const harness = await started({}, 1);
    const fail = async () => {
      const [pod] = living(harness);
      if (pod) await harness.setPod(pod, 'failed');
      await harness.quiet();
    };
    await fail();
    expect(living(harness)).toHaveLength(1);
    await fail();
    expect(living(harness)).toHaveLength(0);
    await harness.advance(1_000);
    expect(living(harness)).toHaveLength(1);
    await fail();
    await harness.advance(1_000);
    expect(living(harness)).toHaveLength(0);
    await harness.advance(1_000);
    expect(living(harness)).toHaveLength(1);
    await harness.stop();
  });

  it('with a surge lets the old pod go once the new one beside it is available', async () => {
    const harness = await started({ updateStrategy: rolling({ maxSurge: 1, maxUnavailable: 0 }) });
    await runPods(harness);
    await change(harness, { template: template('v2') });
    expect(images(harness)).toEqual(['v1', 'v1', 'v1', 'v2']);
    await runPods(harness);
    expect(images(harness)).toEqual(['v2', 'v2', 'v2']);
    await harness.stop();
  });

  it('counts a pod as available until it has ended', async () => {
    const harness = await started();
    for (const pod of harness.pods()) {
      const target = { target: { name: nodeOf(pod) } };
      await harness.client.createSubresource(podKind, pod.metadata, 'binding', target as object);
    }
    for (const pod of harness.pods()) await harness.setPod(pod, 'ready');
    await harness.quiet();
    await change(harness, { template: template('v2') });
    expect(harness.pods().filter(({ metadata }) => metadata.deletionTimestamp)).toHaveLength(1);
    expect(current(harness).status).toMatchObject({ numberReady: 3, numberAvailable: 3 });
    await harness.stop();
  });

  it('with OnDelete changes only what is deleted, and keeps the revisions for a way back', async () => {
    const harness = await started({ updateStrategy: { type: 'OnDelete' } });
    await runPods(harness);
    await change(harness, { template: template('v2') });
    await runPods(harness);
    expect(images(harness)).toEqual(['v1', 'v1', 'v1']);
    expect(current(harness).status?.updatedNumberScheduled).toBeUndefined();
    const [pod] = harness.pods();
    if (pod) await harness.client.delete(podKind, pod.metadata);
    await runPods(harness);
    expect(images(harness).sort()).toEqual(['v1', 'v1', 'v2']);
    await change(harness, { template: template('v1') });
    const revisions = harness.client.all(controllerRevisionKind).map(({ revision }) => revision);
    expect(revisions.sort()).toEqual([2, 3]);
    await harness.stop();
  });

  it('never leaves its budget and converges, whatever the order of events, lags and failures', async () => {
    const step = fc.oneof(
      { weight: 4, arbitrary: fc.record({ do: fc.constant('ready' as const), pod: fc.nat(7) }) },
      fc.record({ do: fc.constant('fail' as const), pod: fc.nat(7) }),
      {
        weight: 2,
        arbitrary: fc.record({ do: fc.constant('image' as const), name: fc.constantFrom('v1', 'v2', 'v3') }),
      },
      fc.record({
        do: fc.constant('hide' as const),
        kind: fc.constantFrom(podKind, daemonSetKind, controllerRevisionKind),
      }),
      fc.record({ do: fc.constantFrom('show', 'restart', 'finish', 'advance', 'conflict', 'lose' as const) }),
    );
    const budget = fc.oneof(
      fc.record({ maxUnavailable: fc.integer({ min: 1, max: 3 }), maxSurge: fc.constant(0) }),
      fc.record({ maxUnavailable: fc.constant(0), maxSurge: fc.integer({ min: 1, max: 3 }) }),
    );
    await fc.assert(
      fc.asyncProperty(budget, fc.array(step, { maxLength: 30 }), async (bounds, steps) => {
        const harness = await started({ updateStrategy: rolling(bounds) }, 4);
        await runPods(harness);
        const { client } = harness;
        let trouble: 'conflict' | 'lose' | undefined;
        let ours = false;
        let lagging = false;
        // Collected, since the controllers would take a throw here for a failed call.
        const violations: string[] = [];
        const served = () => new Set(living(harness).filter(isReady).map(nodeOf));
        let before = served();
        client.before = () => {
          before = served();
        };
        client.after = ({ verb, type }) => {
          if (ours) return;
          const after = served();
          // A copy that lags may call a pod available that has just failed.
          if (!lagging && verb === 'delete' && type === podKind && after.size < before.size) {
            if (4 - after.size > bounds.maxUnavailable)
              violations.push(`${after.size} of 4 nodes are served`);
          }
          const extra = extraPods(harness);
          if (extra > bounds.maxSurge) violations.push(`${extra} pods more than nodes`);
          const happened = trouble;
          trouble = undefined;
          // A pod whose creation's answer is lost may stand beside its replacement for a moment: not tried here.
          if (happened && type !== podKind) {
            throw happened === 'lose' ? serviceUnavailable('lost') : staleWrite({});
          }
        };
        for (const action of steps) {
          ours = true;
          const pod = 'pod' in action ? harness.pods()[action.pod] : undefined;
          if (pod && action.do === 'ready') await harness.setPod(pod, 'ready');
          if (pod && action.do === 'fail') await harness.setPod(pod, 'failed');
          if (action.do === 'image') {
            const body = { spec: { template: template(action.name) } };
            await client.patch(daemonSetKind, current(harness).metadata, { type: 'merge', body });
          }
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
          await harness.advance(400_000);
          await runPods(harness);
        }
        expect(violations).toEqual([]);
        expect(places(harness)).toEqual(['n0', 'n1', 'n2', 'n3']);
        const wanted = current(harness).spec?.template?.spec?.containers[0]?.image;
        expect(images(harness)).toEqual([wanted, wanted, wanted, wanted]);
        expect(current(harness).status).toMatchObject({
          desiredNumberScheduled: 4,
          updatedNumberScheduled: 4,
          numberAvailable: 4,
        });
        const writes = client.writes.length;
        await harness.settle();
        expect(client.writes.length).toBe(writes);
        await harness.stop();
      }),
      { numRuns: 60 },
    );
  }, 60_000);
});
