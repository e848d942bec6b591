import type { IndexRange } from '@wheelhouse/shared/kinds/batch/index-ranges';
import { hasIndex } from '@wheelhouse/shared/kinds/batch/index-ranges';
import type { Stored } from '@wheelhouse/shared/meta/object';
import type { Job } from 'kubernetes-types/batch/v1';
import type { Pod } from 'kubernetes-types/core/v1';
import { isActive, isFinished } from '../machinery/pods';
import { rankForDeletion } from '../replication/ranking';

/** Keeps a pod until its end has been counted. */
export const TRACKING_FINALIZER = 'batch.kubernetes.io/job-tracking';
export const COMPLETION_INDEX = 'batch.kubernetes.io/job-completion-index';
export const INDEX_FAILURES = 'batch.kubernetes.io/job-index-failure-count';
export const INDEX_IGNORED_FAILURES = 'batch.kubernetes.io/job-index-ignored-failure-count';

export type JobPod = Stored<Pod>;

export function isTracked(pod: Pod): boolean {
  return pod.metadata?.finalizers?.includes(TRACKING_FINALIZER) ?? false;
}

export function isTerminating(pod: Pod): boolean {
  return pod.metadata?.deletionTimestamp !== undefined && !isFinished(pod);
}

export function isIndexed(job: Job): boolean {
  return job.spec?.completionMode === 'Indexed';
}

/** A pod is replaced only once it has really ended. */
export function waitsForEnd(job: Job): boolean {
  return job.spec?.podReplacementPolicy === 'Failed';
}

/** Where a pod that goes counts as lost at once, it may never get to say that it failed. */
export function hasFailed(pod: Pod, job: Job): boolean {
  if (pod.status?.phase === 'Failed') return true;
  return !waitsForEnd(job) && isTerminating(pod);
}

/** The pod's index; undefined when it has none within the job's completions. */
export function indexOf(pod: Pod, job: Job): number | undefined {
  const text = pod.metadata?.annotations?.[COMPLETION_INDEX];
  if (text === undefined || !/^\d{1,9}$/.test(text)) return undefined;
  const index = Number(text);
  return index < (job.spec?.completions ?? 0) ? index : undefined;
}

/** How often pods of this index had failed before it. */
export function failuresBefore(pod: Pod, annotation: string): number {
  const text = pod.metadata?.annotations?.[annotation];
  return text !== undefined && /^\d{1,9}$/.test(text) ? Number(text) : 0;
}

/**
 * When the pod ended, as near as it can be told: when its last container did, when it was no longer ready, when it was
 * to go; `now` where nobody says.
 */
export function endOf({ metadata, status }: Pod, now: Date): number {
  const ends = (status?.containerStatuses ?? []).map(({ state }) => timeOf(state?.terminated?.finishedAt));
  const known = ends.filter((end) => end !== undefined);
  if (known.length > 0 && known.length === ends.length) return Math.max(...known);
  const unready = status?.conditions?.find(({ type, status: is }) => type === 'Ready' && is === 'False');
  const deletion = timeOf(metadata?.deletionTimestamp);
  const grace = (metadata?.deletionGracePeriodSeconds ?? 0) * 1000;
  return (
    timeOf(unready?.lastTransitionTime) ??
    (deletion === undefined ? undefined : deletion - grace) ??
    (known.length > 0 ? Math.max(...known) : now.getTime())
  );
}

function timeOf(text: string | null | undefined): number | undefined {
  const time = Date.parse(text ?? '');
  return Number.isNaN(time) ? undefined : time;
}

/** Which active pods go when there are `count` too many. Of an Indexed Job those first that nobody needs. */
export function podsToRemove(job: Job, active: readonly JobPod[], count: number): JobPod[] {
  if (!isIndexed(job)) return rankForDeletion(active, active).slice(0, count);
  const seen = new Set<number>();
  const surplus: JobPod[] = [];
  const kept: JobPod[] = [];
  for (const pod of rankForDeletion(active, active).reverse()) {
    const index = indexOf(pod, job);
    if (index === undefined || seen.has(index)) surplus.push(pod);
    else {
      seen.add(index);
      kept.push(pod);
    }
  }
  const more = Math.max(0, count - surplus.length);
  return [...surplus, ...kept.reverse().slice(0, more)];
}

/** The lowest indexes for which a pod is wanted, at most `count`. */
export function pendingIndexes(
  job: Job,
  pods: readonly JobPod[],
  done: readonly (readonly IndexRange[])[],
  count: number,
): number[] {
  const taken = new Set<number>();
  for (const pod of pods) {
    if (!isActive(pod) && !(waitsForEnd(job) && isTerminating(pod))) continue;
    const index = indexOf(pod, job);
    if (index !== undefined) taken.add(index);
  }
  const found: number[] = [];
  const completions = job.spec?.completions ?? 0;
  for (let index = 0; index < completions && found.length < count; index++) {
    if (!taken.has(index) && !done.some((ranges) => hasIndex(ranges, index))) found.push(index);
  }
  return found;
}
