import { serviceUnavailable, staleWrite } from '@wheelhouse/shared/errors';
import { hasJobCondition, type Job, jobKind } from '@wheelhouse/shared/kinds/batch/job';
import { podKind } from '@wheelhouse/shared/kinds/core/pod';
import type { Stored } from '@wheelhouse/shared/meta/object';
import fc from 'fast-check';
import type { JobSpec } from 'kubernetes-types/batch/v1';
import type { Pod } from 'kubernetes-types/core/v1';
import { expect, it } from 'vitest';
import { isActive } from '../machinery/pods';
import { Harness } from '../testing/harness';
import { isTracked } from './pods';

const labels = { 'batch.kubernetes.io/controller-uid': 'j', 'batch.kubernetes.io/job-name': 'work' };

function jobOf(spec: Partial<JobSpec>): Job {
  return {
    metadata: { name: 'work', namespace: 'default' },
    spec: {
      parallelism: 1,
      completions: 1,
      backoffLimit: 6,
      completionMode: 'NonIndexed',
      podReplacementPolicy: 'TerminatingOrFailed',
      selector: { matchLabels: { 'batch.kubernetes.io/controller-uid': 'j' } },
      template: {
        metadata: { labels },
        spec: { restartPolicy: 'Never', containers: [{ name: 'main', image: 'busybox' }] },
      },
      ...spec,
    },
  };
}

async function started(spec: Partial<JobSpec>): Promise<Harness> {
  const harness = new Harness(['job']);
  await harness.client.create(jobKind, jobOf(spec));
  await harness.start();
  return harness;
}

function current(harness: Harness): Stored<Job> {
  const [job] = harness.client.all(jobKind);
  if (!job) throw new Error('the job is gone');
  return job;
}

const active = (harness: Harness) => harness.pods().filter(isActive);

/** Lets every active pod succeed until nothing is left to do. */
async function runToEnd(harness: Harness): Promise<void> {
  for (let round = 0; round < 12 && active(harness).length > 0; round++) {
    for (const pod of active(harness)) await harness.setPod(pod, 'succeeded');
    await harness.settle();
  }
}

it('runs pods until enough have succeeded, then rests', async () => {
  const harness = await started({ completions: 3, parallelism: 2 });
  expect(active(harness)).toHaveLength(2);
  await runToEnd(harness);
  const { status } = current(harness);
  expect(status).toMatchObject({ succeeded: 3, uncountedTerminatedPods: {} });
  expect(hasJobCondition(status, 'Complete')).toBe(true);
  expect(harness.pods().some(isTracked)).toBe(false);
  const writes = harness.client.writes.length;
  await harness.settle();
  expect(harness.client.writes).toHaveLength(writes);
  await harness.stop();
});

it('tells pods of an Indexed Job their index and tries a failed one again', async () => {
  const harness = await started({ completions: 2, parallelism: 2, completionMode: 'Indexed' });
  const indexes = () =>
    active(harness).map((pod) => pod.metadata.annotations?.['batch.kubernetes.io/job-completion-index']);
  expect(indexes().sort()).toEqual(['0', '1']);
  expect(active(harness)[0]?.spec?.hostname).toBe('work-0');
  const [first] = active(harness);
  if (first) await harness.setPod(first, 'failed');
  await harness.advance(0);
  // It waits ten seconds before it tries again.
  expect(indexes()).toEqual(['1']);
  await harness.settle();
  expect(indexes().sort()).toEqual(['0', '1']);
  await runToEnd(harness);
  expect(current(harness).status).toMatchObject({ succeeded: 2, failed: 1, completedIndexes: '0,1' });
  await harness.stop();
});

it('gives up beyond its limit of failures', async () => {
  const harness = await started({ backoffLimit: 1 });
  for (let i = 0; i < 2; i++) {
    for (const pod of active(harness)) await harness.setPod(pod, 'failed');
    await harness.settle();
  }
  const { status } = current(harness);
  expect(status?.failed).toBe(2);
  expect(status?.conditions?.map(({ type, reason }) => [type, reason])).toEqual([
    ['FailureTarget', 'BackoffLimitExceeded'],
    ['Failed', 'BackoffLimitExceeded'],
  ]);
  await harness.stop();
});

it('ends a job that takes too long, and its pods', async () => {
  const harness = await started({ activeDeadlineSeconds: 30 });
  expect(active(harness)).toHaveLength(1);
  await harness.settle();
  await harness.finishTerminating();
  await harness.settle();
  expect(active(harness)).toHaveLength(0);
  expect(current(harness).status?.conditions?.at(-1)).toMatchObject({
    type: 'Failed',
    reason: 'DeadlineExceeded',
  });
  await harness.stop();
});

it('takes its pods away when it is suspended and starts anew when it is resumed', async () => {
  const harness = await started({ completions: 2, parallelism: 2 });
  const suspend = (suspended: boolean) =>
    harness.client.patch(jobKind, current(harness).metadata, {
      type: 'merge',
      body: { spec: { suspend: suspended } },
    });
  await suspend(true);
  await harness.settle();
  await harness.finishTerminating();
  await harness.settle();
  expect(active(harness)).toHaveLength(0);
  expect(hasJobCondition(current(harness).status, 'Suspended')).toBe(true);
  expect(current(harness).status?.startTime).toBeUndefined();
  await suspend(false);
  await harness.settle();
  expect(active(harness)).toHaveLength(2);
  expect(hasJobCondition(current(harness).status, 'Suspended')).toBe(false);
  await harness.stop();
});

it('holds no pod of a job that is gone', async () => {
  const harness = await started({});
  expect(harness.pods().filter(isTracked)).toHaveLength(1);
  await harness.client.delete(jobKind, { name: 'work', namespace: 'default' });
  await harness.settle();
  expect(harness.pods().filter(isTracked)).toHaveLength(0);
  await harness.stop();
});

it('counts every end once and never runs more than it may, after any order of events, failures and restarts', async () => {
  const step = fc.oneof(
    fc.record({ do: fc.constantFrom('ready', 'failed', 'succeeded', 'delete' as const), pod: fc.nat(4) }),
    fc.record({ do: fc.constantFrom('show', 'expire', 'restart', 'finish', 'advance' as const) }),
    fc.record({ do: fc.constant('hide' as const), kind: fc.constantFrom(podKind, jobKind) }),
    fc.record({
      do: fc.constant('fail' as const),
      how: fc.constantFrom('refuse', 'conflict' as const),
      after: fc.nat(3),
    }),
  );
  const shape = fc.record({
    completions: fc.integer({ min: 1, max: 5 }),
    parallelism: fc.integer({ min: 1, max: 3 }),
    completionMode: fc.constantFrom('NonIndexed', 'Indexed'),
  });
  await fc.assert(
    fc.asyncProperty(shape, fc.array(step, { maxLength: 20 }), async (spec, steps) => {
      const harness = await started({ ...spec, backoffLimit: 1000 });
      const { client } = harness;
      const failed = new Set<string>();
      const lost = (pod: Stored<Pod>) => failed.add(pod.metadata.uid);
      for (const action of steps) {
        if (action.do === 'fail') {
          let left = action.after;
          client.before = ({ verb }) => {
            if (!['create', 'delete', 'update', 'patch'].includes(verb)) return;
            left -= 1;
            if (left < 0) throw action.how === 'conflict' ? staleWrite({}) : serviceUnavailable('lost');
          };
          continue;
        }
        const { before } = client;
        client.before = undefined;
        const chosen = 'pod' in action ? active(harness)[action.pod] : undefined;
        if (chosen && action.do === 'delete') {
          await client.delete(podKind, chosen.metadata);
          lost(chosen);
        } else if (chosen && (action.do === 'ready' || action.do === 'failed' || action.do === 'succeeded')) {
          await harness.setPod(chosen, action.do);
          if (action.do === 'failed') lost(chosen);
        }
        if (action.do === 'hide') client.hideChanges(action.kind);
        if (action.do === 'show') client.showChanges();
        if (action.do === 'expire') client.expireWatches();
        if (action.do === 'finish') await harness.finishTerminating();
        client.before = before;
        if (action.do === 'advance') await harness.advance(11_000);
        if (action.do === 'restart') {
          client.before = undefined;
          client.showChanges();
          await harness.restart();
        } else await harness.quiet();
        expect(active(harness).length).toBeLessThanOrEqual(spec.parallelism);
      }
      client.before = undefined;
      client.showChanges();
      for (let i = 0; i < 10; i++) await harness.settle();
      await runToEnd(harness);
      await harness.finishTerminating();
      await harness.settle();
      const { status } = current(harness);
      expect(hasJobCondition(status, 'Complete')).toBe(true);
      expect(status?.succeeded).toBe(spec.completions);
      expect(status?.failed ?? 0).toBe(failed.size);
      expect(harness.pods().some(isTracked)).toBe(false);
      const writes = client.writes.length;
      await harness.settle();
      expect(client.writes).toHaveLength(writes);
      await harness.stop();
    }),
    { numRuns: 60 },
  );
});
