import { serviceUnavailable, staleWrite } from '@wheelhouse/shared/errors';
import { deploymentKind } from '@wheelhouse/shared/kinds/apps/deployment';
import { replicaSetKind } from '@wheelhouse/shared/kinds/apps/replica-set';
import { eventKind } from '@wheelhouse/shared/kinds/core/event';
import { podKind } from '@wheelhouse/shared/kinds/core/pod';
import { keyOf } from '@wheelhouse/shared/meta/object';
import fc from 'fast-check';
import type { Deployment } from 'kubernetes-types/apps/v1';
import { describe, expect, it } from 'vitest';
import { isActive, isReady } from '../machinery/pods';
import { Harness } from '../testing/harness';
import { boundsOf, leastAvailable, mostPods } from './bounds';
import { REVISION, revisionOf } from './revisions';

const labels = { app: 'web' };
const ref = { namespace: 'n', name: 'web' };
type Spec = NonNullable<Deployment['spec']>;

const deployment = (image: string, spec: Partial<Spec> = {}): Deployment => ({
  metadata: { name: 'web', namespace: 'n' },
  spec: {
    replicas: 3,
    selector: { matchLabels: labels },
    template: { metadata: { labels }, spec: { containers: [{ name: 'c', image }] } },
    ...spec,
  },
});

async function started(spec: Partial<Spec> = {}): Promise<Harness> {
  const harness = new Harness(['deployment', 'replicaset']);
  await harness.client.create(deploymentKind, deployment('v1', spec));
  await harness.start();
  return harness;
}

const change = (harness: Harness, spec: object) =>
  harness.client.patch(deploymentKind, ref, { type: 'merge', body: { spec } });
const image = (name: string) => ({ template: { spec: { containers: [{ name: 'c', image: name }] } } });
const current = (harness: Harness) => {
  const [object] = harness.client.all(deploymentKind);
  if (!object) throw new Error('no deployment');
  return object;
};
const progressing = (harness: Harness) =>
  current(harness).status?.conditions?.find(({ type }) => type === 'Progressing');
const sets = (harness: Harness) => harness.client.all(replicaSetKind);
const images = (harness: Harness) =>
  harness
    .pods()
    .filter(isActive)
    .map(({ spec }) => spec?.containers[0]?.image)
    .sort();

/** Pods become ready and terminating ones end until nothing changes any more. */
async function runPods(harness: Harness, steps = 40): Promise<void> {
  for (let step = 0; step < steps; step += 1) {
    const waiting = harness.pods().filter((pod) => isActive(pod) && !isReady(pod));
    for (const pod of waiting) await harness.setPod(pod, 'ready');
    await harness.finishTerminating();
    await harness.quiet();
    if (waiting.length === 0) return;
  }
}

describe('deployment controller', () => {
  it('makes a replica set of the template and reports a finished rollout', async () => {
    const harness = await started();
    await runPods(harness);
    const [set] = sets(harness);
    expect(set?.metadata.labels).toMatchObject({ ...labels, 'pod-template-hash': expect.any(String) });
    expect(set?.metadata.name).toBe(`web-${set?.metadata.labels?.['pod-template-hash']}`);
    expect(current(harness).metadata.annotations).toEqual({ 'deployment.kubernetes.io/revision': '1' });
    expect(current(harness).status).toMatchObject({
      replicas: 3,
      updatedReplicas: 3,
      readyReplicas: 3,
      availableReplicas: 3,
    });
    expect(progressing(harness)).toMatchObject({ status: 'True', reason: 'NewReplicaSetAvailable' });
    const messages = harness.client.all(eventKind).map(({ message }) => message);
    expect(messages).toContain(`Scaled up replica set ${set?.metadata.name} from 0 to 3`);
    await harness.stop();
  });

  it('rolls to a new template and back, with revisions that only grow', async () => {
    const harness = await started();
    await runPods(harness);
    await change(harness, image('v2'));
    await harness.quiet();
    await runPods(harness);
    expect(images(harness)).toEqual(['v2', 'v2', 'v2']);
    expect(sets(harness)).toHaveLength(2);
    await change(harness, image('v1'));
    await harness.quiet();
    await runPods(harness);
    expect(images(harness)).toEqual(['v1', 'v1', 'v1']);
    expect(
      sets(harness)
        .map(({ metadata }) => revisionOf(metadata.annotations))
        .sort(),
    ).toEqual([2, 3]);
    const back = sets(harness).find(({ spec }) => spec?.replicas === 3);
    expect(back?.metadata.annotations).toMatchObject({ 'deployment.kubernetes.io/revision-history': '1' });
    expect(revisionOf(current(harness).metadata.annotations)).toBe(3);
    await harness.stop();
  });

  it('holds still while paused, but scales, and goes on when resumed', async () => {
    const harness = await started();
    await runPods(harness);
    await change(harness, { paused: true, replicas: 5, ...image('v2') });
    await harness.quiet();
    await runPods(harness);
    expect(images(harness)).toEqual(['v1', 'v1', 'v1', 'v1', 'v1']);
    expect(progressing(harness)?.reason).toBe('DeploymentPaused');
    await change(harness, { paused: false });
    await harness.quiet();
    await runPods(harness);
    expect(images(harness)).toEqual(['v2', 'v2', 'v2', 'v2', 'v2']);
    await harness.stop();
  });

  it('spreads a scale-up in the middle of a rollout over old and new in proportion', async () => {
    const harness = await started({
      replicas: 10,
      strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 3, maxUnavailable: 2 } },
    });
    await runPods(harness);
    await change(harness, image('v2'));
    await harness.quiet();
    const before = sets(harness).map(({ spec }) => spec?.replicas);
    expect(before).toEqual([8, 5]);
    await change(harness, { replicas: 15 });
    await harness.quiet();
    // The worked example of Kubernetes' documentation: 15 + 3, of which the larger old set gets the larger part.
    expect(sets(harness).map(({ spec }) => spec?.replicas)).toEqual([11, 7]);
    await harness.stop();
  });

  it('with Recreate lets the last old pod end before the first new one begins', async () => {
    const harness = await started({ strategy: { type: 'Recreate' } });
    await runPods(harness);
    for (const pod of harness.pods()) {
      await harness.client.createSubresource(podKind, pod.metadata, 'binding', {
        target: { name: 'node' },
      } as object);
    }
    await change(harness, image('v2'));
    await harness.quiet();
    expect(harness.pods()).toHaveLength(3);
    expect(images(harness)).toEqual([]);
    await harness.finishTerminating();
    await harness.quiet();
    expect(images(harness)).toEqual(['v2', 'v2', 'v2']);
    await harness.stop();
  });

  it('says so when the progress deadline has passed', async () => {
    const harness = await started({ progressDeadlineSeconds: 60 });
    await harness.advance(30_000);
    expect(progressing(harness)?.status).toBe('True');
    await harness.advance(40_000);
    expect(progressing(harness)).toMatchObject({ status: 'False', reason: 'ProgressDeadlineExceeded' });
    await runPods(harness);
    expect(progressing(harness)).toMatchObject({ status: 'True', reason: 'NewReplicaSetAvailable' });
    await harness.stop();
  });

  it('goes on saying so while paused: that is worth more to know', async () => {
    const harness = await started({ progressDeadlineSeconds: 60 });
    await harness.advance(70_000);
    await change(harness, { paused: true });
    await harness.quiet();
    expect(progressing(harness)).toMatchObject({ status: 'False', reason: 'ProgressDeadlineExceeded' });
    await harness.stop();
  });

  it('notes its revision beside the status, and on its sets nothing that says nothing', async () => {
    const harness = await started();
    const { client } = harness;
    expect(current(harness).metadata).toMatchObject({ annotations: { [REVISION]: '1' }, generation: 1 });
    const main = client.writes.filter(({ type, subresource }) => type === deploymentKind && !subresource);
    expect(main.map(({ verb }) => verb)).toEqual(['create']);
    expect(sets(harness)[0]?.spec).not.toHaveProperty('minReadySeconds');
    await change(harness, { minReadySeconds: 5 });
    await harness.quiet();
    expect(sets(harness)[0]?.spec?.minReadySeconds).toBe(5);
    await change(harness, { minReadySeconds: 0 });
    await harness.quiet();
    expect(sets(harness)[0]?.spec).not.toHaveProperty('minReadySeconds');
    await harness.stop();
  });

  it('keeps as many old sets as the history limit says', async () => {
    const harness = await started({ revisionHistoryLimit: 2 });
    for (const name of ['v2', 'v3', 'v4', 'v5']) {
      await runPods(harness);
      await change(harness, image(name));
      await harness.quiet();
    }
    await runPods(harness);
    expect(
      sets(harness)
        .map(({ metadata }) => revisionOf(metadata.annotations))
        .sort(),
    ).toEqual([3, 4, 5]);
    await harness.stop();
  });

  it('takes another name when a set of the same hash belongs to another template', async () => {
    const first = await started();
    const name = sets(first)[0]?.metadata.name ?? '';
    await first.stop();
    const harness = new Harness(['deployment', 'replicaset']);
    const foreign = { ...deployment('other').spec, replicas: 0, selector: { matchLabels: { app: 'x' } } };
    await harness.client.create(replicaSetKind, { metadata: { name, namespace: 'n' }, spec: foreign });
    await harness.client.create(deploymentKind, deployment('v1'));
    await harness.start();
    await runPods(harness);
    expect(current(harness).status).toMatchObject({ collisionCount: 1, availableReplicas: 3 });
    await harness.stop();
  });

  it('never leaves its bounds, whatever the order of rollouts, readiness, lags and failures', async () => {
    const step = fc.oneof(
      {
        weight: 2,
        arbitrary: fc.record({ do: fc.constant('image' as const), name: fc.constantFrom('v1', 'v2', 'v3') }),
      },
      { weight: 4, arbitrary: fc.record({ do: fc.constant('ready' as const), pod: fc.nat(9) }) },
      fc.record({
        do: fc.constant('hide' as const),
        kind: fc.constantFrom(podKind, replicaSetKind, deploymentKind),
      }),
      fc.record({
        do: fc.constantFrom(
          'show',
          'restart',
          'finish',
          'advance',
          'pause',
          'resume',
          'conflict',
          'lose' as const,
        ),
      }),
    );
    const amount = fc.oneof(fc.nat(3), fc.constantFrom('0%', '25%', '50%'));
    const spec = fc.record({
      replicas: fc.integer({ min: 1, max: 5 }),
      maxSurge: amount,
      maxUnavailable: amount,
    });
    await fc.assert(
      fc.asyncProperty(
        spec,
        fc.array(step, { maxLength: 30 }),
        async ({ replicas, maxSurge, maxUnavailable }, steps) => {
          const rollingUpdate = { maxSurge, maxUnavailable };
          const harness = await started({ replicas, strategy: { type: 'RollingUpdate', rollingUpdate } });
          await runPods(harness);
          const { client } = harness;
          const bounds = boundsOf(current(harness));
          const live = () => harness.pods().filter(isActive);
          let trouble: 'conflict' | 'lose' | undefined;
          let ours = false;
          // Sets that have been told to shrink and have not heard of it keep their pods while others grow, as in
          // Kubernetes, which counts what sets are asked for.
          let lagging = false;
          // Collected, since the controllers would take a throw here for a failed call.
          const violations: string[] = [];
          client.before = ({ verb, type, key }) => {
            if (ours || type !== podKind) return;
            const available = live().filter(isReady);
            const takesAvailable = verb === 'delete' && available.some((pod) => keyOf(pod) === key);
            if (takesAvailable && available.length <= leastAvailable(bounds)) {
              violations.push(
                `${available.length} available, one of them deleted, ${leastAvailable(bounds)} must stay`,
              );
            }
          };
          client.after = ({ type }) => {
            if (ours) return;
            if (!lagging && live().length > mostPods(bounds))
              violations.push(`${live().length} pods of ${mostPods(bounds)}`);
            const happened = trouble;
            trouble = undefined;
            // A pod whose creation's answer is lost may stand beside its replacement for a moment: not tried here.
            if (happened && type !== podKind)
              throw happened === 'lose' ? serviceUnavailable('lost') : staleWrite({});
          };
          for (const action of steps) {
            ours = true;
            if (action.do === 'image') await change(harness, image(action.name));
            if (action.do === 'pause' || action.do === 'resume')
              await change(harness, { paused: action.do === 'pause' });
            if (action.do === 'ready') {
              const pod = live()[action.pod];
              if (pod) await harness.setPod(pod, 'ready');
            }
            if (action.do === 'hide') {
              client.hideChanges(action.kind);
              lagging ||= action.kind === replicaSetKind;
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
          await change(harness, { paused: false });
          for (let round = 0; round < 12; round += 1) {
            await harness.advance(60_000);
            await runPods(harness);
          }
          expect(violations).toEqual([]);
          const wanted = current(harness).spec?.template?.spec?.containers[0]?.image;
          expect(images(harness)).toEqual(Array.from({ length: replicas }, () => wanted));
          expect(current(harness).status).toMatchObject({
            replicas,
            updatedReplicas: replicas,
            availableReplicas: replicas,
          });
          expect(progressing(harness)?.reason).toBe('NewReplicaSetAvailable');
          const writes = client.writes.length;
          await harness.settle();
          expect(client.writes.length).toBe(writes);
          await harness.stop();
        },
      ),
      { numRuns: 100 },
    );
  }, 60_000);
});
