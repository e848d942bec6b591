import { isJobFinished, jobKind } from '@wheelhouse/shared/kinds/batch/job';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { Harness } from '../testing/harness';
import { survives } from '../testing/turmoil';

it('finished jobs go when their time is over, and only those that have one', async () => {
  await survives({
    async start() {
      const harness = new Harness(['ttlafterfinished']);
      await harness.start();
      return harness;
    },
    kinds: [jobKind],
    actions: fc.oneof(
      fc.record({ do: fc.constant('add' as const), ttl: fc.constantFrom(0, 5, 30, null) }),
      fc.record({ do: fc.constant('ttl' as const), job: fc.nat(4), ttl: fc.constantFrom(0, 5, 30, null) }),
      fc.record({ do: fc.constant('finish' as const), job: fc.nat(4) }),
    ),
    async act({ client, clock }, action) {
      const job = 'job' in action ? client.all(jobKind)[action.job] : undefined;
      if (action.do === 'add') {
        const spec = {
          template: {},
          ...(action.ttl === null ? {} : { ttlSecondsAfterFinished: action.ttl }),
        };
        await client.create(jobKind, { metadata: { name: `j${client.calls.length}`, namespace: 'n' }, spec });
      }
      if (job && action.do === 'ttl') {
        const body = { spec: { ttlSecondsAfterFinished: action.ttl } };
        await client.patch(jobKind, job.metadata, { type: 'merge', body });
      }
      if (job && action.do === 'finish' && !isJobFinished(job)) {
        const lastTransitionTime = `${clock.now().toISOString().slice(0, 19)}Z`;
        const status = { conditions: [{ type: 'Complete', status: 'True', lastTransitionTime }] };
        await client.update(jobKind, { ...job, status }, { subresource: 'status' });
      }
    },
    converged({ client }) {
      const deleted = client.all(jobKind).filter(({ metadata }) => metadata.deletionTimestamp);
      expect(deleted.every((job) => isJobFinished(job))).toBe(true);
      const over = client
        .all(jobKind)
        .filter((job) => isJobFinished(job) && job.spec?.ttlSecondsAfterFinished !== undefined)
        .filter(({ metadata }) => !metadata.deletionTimestamp);
      expect(over).toEqual([]);
    },
  });
}, 60_000);
