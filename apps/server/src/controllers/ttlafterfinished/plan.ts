import type { Job } from 'kubernetes-types/batch/v1';

/** Milliseconds until a job is to be deleted; 0: now. Undefined: it has not finished, or is to stay. */
export function msUntilExpired(job: Job, now: Date): number | undefined {
  const ttl = job.spec?.ttlSecondsAfterFinished;
  if (ttl === undefined || job.metadata?.deletionTimestamp) return undefined;
  const end = job.status?.conditions?.find(
    ({ type, status }) => (type === 'Complete' || type === 'Failed') && status === 'True',
  );
  const time = Date.parse(end?.lastTransitionTime ?? '');
  return Number.isNaN(time) ? undefined : Math.max(0, time + ttl * 1000 - now.getTime());
}
