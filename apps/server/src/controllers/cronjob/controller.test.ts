import { cronJobKind } from '@wheelhouse/shared/kinds/batch/cron-job';
import { isJobFinished, type Job, jobKind } from '@wheelhouse/shared/kinds/batch/job';
import type { Stored } from '@wheelhouse/shared/meta/object';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Harness } from '../testing/harness';
import { survives } from '../testing/turmoil';

const ref = { namespace: 'n', name: 'tick' };

async function finish({ client, clock }: Harness, job: Stored<Job>, type: string): Promise<void> {
  const time = `${clock.now().toISOString().slice(0, 19)}Z`;
  const conditions = [{ type, status: 'True', lastTransitionTime: time }];
  const status = { ...job.status, conditions, ...(type === 'Complete' ? { completionTime: time } : {}) };
  await client.update(jobKind, { ...job, status }, { subresource: 'status' });
}

const suspend = (harness: Harness, value: boolean) =>
  harness.client.patch(cronJobKind, ref, { type: 'merge', body: { spec: { suspend: value } } });

describe('cron jobs', () => {
  it.each(['Allow', 'Forbid', 'Replace'])(
    '%s: one job for a time, no more at once than allowed, few kept',
    async (policy) => {
      await survives(
        {
          async start() {
            const harness = new Harness(['cronjob']);
            await harness.client.create(cronJobKind, {
              metadata: ref,
              spec: {
                schedule: '* * * * *',
                concurrencyPolicy: policy,
                successfulJobsHistoryLimit: 1,
                failedJobsHistoryLimit: 1,
                suspend: false,
                jobTemplate: { spec: { template: { spec: { containers: [] } } } },
              },
            });
            await harness.start();
            return harness;
          },
          pauseMs: 25_000,
          kinds: [cronJobKind, jobKind],
          actions: fc.oneof(
            fc.record({ do: fc.constantFrom('Complete', 'Failed', 'remove' as const), job: fc.nat(3) }),
            fc.record({ do: fc.constantFrom('suspend', 'resume', 'pass' as const) }),
          ),
          async act(harness, action) {
            const job = 'job' in action ? harness.client.all(jobKind)[action.job] : undefined;
            if (action.do === 'suspend' || action.do === 'resume')
              await suspend(harness, action.do === 'suspend');
            else if (action.do === 'remove' && job) await harness.client.delete(jobKind, job.metadata);
            else if (job && action.do !== 'pass' && !isJobFinished(job))
              await finish(harness, job, action.do);
          },
          watch({ client }, { verb, type }) {
            if (verb !== 'create' || type !== jobKind || policy === 'Allow') return undefined;
            const running = client.all(jobKind).filter((job) => !isJobFinished(job));
            return running.length > 0 ? `beside ${running.map(({ metadata }) => metadata.name)}` : undefined;
          },
          async help(harness) {
            await suspend(harness, true);
          },
          converged({ client }) {
            const [cron] = client.all(cronJobKind);
            const jobs = client.all(jobKind);
            const running = jobs.filter((job) => !isJobFinished(job)).map(({ metadata }) => metadata.name);
            expect((cron?.status?.active ?? []).map(({ name }) => name).sort()).toEqual(running.sort());
            const ended = (type: string) =>
              jobs.filter(({ status }) => status?.conditions?.some((condition) => condition.type === type));
            expect(ended('Complete').length).toBeLessThanOrEqual(1);
            expect(ended('Failed').length).toBeLessThanOrEqual(1);
          },
        },
        { runs: 25, steps: 30 },
      );
    },
    60_000,
  );
});
