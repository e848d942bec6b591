import { isNotFound } from '@wheelhouse/shared/errors';
import { jobKind } from '@wheelhouse/shared/kinds/batch/job';
import { keyOf } from '@wheelhouse/shared/meta/object';
import type { ControllerDefinition } from '../machinery/controller';
import { msUntilExpired } from './plan';

/** Deletes finished jobs, and their pods with them, once they have been left alone for as long as they ask. */
export const ttlAfterFinishedController: ControllerDefinition = {
  name: 'ttlafterfinished',
  setup({ client, clock, queue: newQueue, cache, informer }) {
    const queue = newQueue();
    const jobs = cache(jobKind);
    informer(jobKind).subscribe({
      added: (job) => queue.add(keyOf(job)),
      updated: (job) => queue.add(keyOf(job)),
    });
    return {
      name: 'jobs',
      queue,
      async reconcile(key) {
        const job = jobs.get(key);
        const left = job && msUntilExpired(job, clock.now());
        if (!job || left === undefined) return undefined;
        if (left > 0) return { requeueAfterMs: left };
        const { uid, resourceVersion } = job.metadata;
        try {
          // Somebody may have given it more time since: only what was looked at goes.
          await client.delete(jobKind, job.metadata, {
            propagationPolicy: 'Foreground',
            preconditions: { uid, resourceVersion },
          });
        } catch (error) {
          if (!isNotFound(error)) throw error;
        }
        return undefined;
      },
    };
  },
};
