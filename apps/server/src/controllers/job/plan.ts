import {
  countIndexes,
  formatIndexRanges,
  hasIndex,
  type IndexRange,
  readIndexRanges,
  withIndexes,
} from '@wheelhouse/shared/kinds/batch/index-ranges';
import { hasJobCondition, isJobFinished } from '@wheelhouse/shared/kinds/batch/job';
import type { Stored } from '@wheelhouse/shared/meta/object';
import type { Job, JobStatus } from 'kubernetes-types/batch/v1';
import { isActive, isReady } from '../machinery/pods';
import { sameJson } from '../machinery/same-json';
import { afterEnds, type BackoffRecord, backoffLeft } from './backoff';
import { conditionOf, setCondition } from './conditions';
import { type FailureVerdict, judgeFailure, matchSuccessPolicy, restartsExceedLimit } from './failure-policy';
import {
  endOf,
  failuresBefore,
  hasFailed,
  INDEX_FAILURES,
  INDEX_IGNORED_FAILURES,
  indexOf,
  isIndexed,
  isTerminating,
  isTracked,
  type JobPod,
  pendingIndexes,
  podsToRemove,
  waitsForEnd,
} from './pods';

/** Most creations or deletions of one reconcile; the next one goes on. */
const BURST = 500;
/** Pods whose end is noted in the status at a time, as Kubernetes bounds it. */
const MOST_UNCOUNTED = 500;

export interface NewPod {
  /** Of an Indexed Job. */
  readonly index: number | undefined;
  /** With a limit for each index: how often it has failed so far. */
  readonly failures: number | undefined;
  readonly ignoredFailures: number;
}

export interface JobEvent {
  readonly type: 'Normal' | 'Warning';
  readonly reason: string;
  readonly message: string;
}

/** What is to be done, in this order: the status is stored before a finalizer goes, so that no end is lost or counted twice. */
export interface JobPlan {
  readonly status: JobStatus;
  readonly statusChanged: boolean;
  /** Pods that lose their finalizer once the status is stored. */
  readonly release: readonly JobPod[];
  readonly remove: readonly JobPod[];
  readonly create: readonly NewPod[];
  readonly backoff: BackoffRecord;
  readonly events: readonly JobEvent[];
  readonly requeueAfterMs: number | undefined;
}

/** `pods` are the job's own. Decides purely, from what there is and the time. */
export function planJob(
  job: Stored<Job>,
  pods: readonly JobPod[],
  backoff: BackoffRecord,
  now: Date,
): JobPlan {
  if (isJobFinished(job)) {
    return nothingBut(job, backoff, { release: pods.filter(isTracked) });
  }
  return new Planner(job, pods, backoff, now).plan();
}

function nothingBut(job: Job, backoff: BackoffRecord, part: Partial<JobPlan>): JobPlan {
  return {
    status: job.status ?? {},
    statusChanged: false,
    release: [],
    remove: [],
    create: [],
    backoff,
    events: [],
    requeueAfterMs: undefined,
    ...part,
  };
}

interface Target {
  readonly type: 'FailureTarget' | 'SuccessCriteriaMet';
  readonly reason: string;
  readonly message: string;
}

class Planner {
  readonly #status: JobStatus;
  readonly #time: string;
  readonly #active: readonly JobPod[];
  readonly #events: JobEvent[] = [];
  readonly #verdicts = new Map<JobPod, FailureVerdict>();
  #requeueAfterMs: number | undefined;
  #completed: readonly IndexRange[];
  #failedIndexes: readonly IndexRange[];
  #backoff: BackoffRecord;

  constructor(
    private readonly job: Stored<Job>,
    private readonly pods: readonly JobPod[],
    backoff: BackoffRecord,
    private readonly now: Date,
  ) {
    this.#status = { ...job.status };
    this.#time = `${now.toISOString().slice(0, 19)}Z`;
    this.#active = pods.filter(isActive);
    this.#backoff = backoff;
    const completions = job.spec?.completions ?? 0;
    this.#completed = isIndexed(job) ? readIndexRanges(this.#status.completedIndexes, completions) : [];
    this.#failedIndexes = this.#perIndex ? readIndexRanges(this.#status.failedIndexes, completions) : [];
  }

  get #perIndex(): boolean {
    return isIndexed(this.job) && this.job.spec?.backoffLimitPerIndex !== undefined;
  }

  plan(): JobPlan {
    const { job, pods } = this;
    const status = this.#status;
    const suspended = job.spec?.suspend === true;
    if (!status.startTime && !suspended) status.startTime = this.#time;
    const uncounted = this.#settleUncounted();
    const fresh = pods.filter(
      (pod) =>
        isTracked(pod) &&
        !uncounted.failed.has(pod.metadata.uid) &&
        !uncounted.succeeded.has(pod.metadata.uid),
    );
    this.#noteIndexes(fresh);
    const newSucceeded = fresh.filter((pod) => pod.status?.phase === 'Succeeded' && this.#isNewSuccess(pod));
    const newFailed = fresh.filter((pod) => hasFailed(pod, job) && this.#counts(pod));
    const succeeded = isIndexed(job)
      ? countIndexes(this.#completed)
      : (status.succeeded ?? 0) + uncounted.succeeded.size + newSucceeded.length;
    const failed = (status.failed ?? 0) + uncounted.failed.size + newFailed.length;

    const target = this.#target(failed, succeeded);
    const deleting = job.metadata.deletionTimestamp !== undefined;
    const manage = target || deleting ? undefined : this.#manage(succeeded);
    const remove = target ? this.#active.slice(0, BURST) : (manage?.remove ?? []);

    // What was noted before is let go (again); then what is noted now.
    const noted = new Set([...uncounted.failed, ...uncounted.succeeded]);
    const release = pods.filter((pod) => isTracked(pod) && noted.has(pod.metadata.uid));
    release.push(...this.#release(fresh, target, uncounted, deleting));

    this.#writeCounts(uncounted);
    // Only pods that this very plan does not touch decide whether the job has reached its end.
    const create = manage?.create ?? [];
    const quiet = this.#active.length === 0 && create.length === 0;
    this.#conclude(target ?? (quiet ? this.#completion(succeeded) : undefined), uncounted);
    if (!target && !deleting) this.#noteSuspension(suspended);
    const before = job.status ?? {};
    const statusChanged = !sameJson(status, before);
    if (statusChanged) this.#backoff = this.#afterEnds(newSucceeded, newFailed);
    return {
      status,
      statusChanged,
      release,
      remove,
      create: isJobFinished({ ...job, status }) ? [] : create,
      backoff: this.#backoff,
      events: this.#events,
      requeueAfterMs: this.#requeueAfterMs,
    };
  }

  /** Ends that were noted and whose pods have lost their finalizer since (or are gone) become counts. */
  #settleUncounted(): { succeeded: Set<string>; failed: Set<string> } {
    const tracked = new Set(this.pods.filter(isTracked).map(({ metadata }) => metadata.uid));
    const { succeeded = [], failed = [] } = this.#status.uncountedTerminatedPods ?? {};
    const left = {
      succeeded: new Set(succeeded.filter((uid) => tracked.has(uid))),
      failed: new Set(failed.filter((uid) => tracked.has(uid))),
    };
    this.#status.succeeded = (this.#status.succeeded ?? 0) + succeeded.length - left.succeeded.size;
    this.#status.failed = (this.#status.failed ?? 0) + failed.length - left.failed.size;
    return left;
  }

  #isNewSuccess(pod: JobPod): boolean {
    return !isIndexed(this.job) || indexOf(pod, this.job) !== undefined;
  }

  #verdict(pod: JobPod): FailureVerdict {
    let verdict = this.#verdicts.get(pod);
    if (!verdict) {
      verdict = judgeFailure(pod, this.job);
      this.#verdicts.set(pod, verdict);
    }
    return verdict;
  }

  #counts(pod: JobPod): boolean {
    if (isIndexed(this.job) && indexOf(pod, this.job) === undefined) return false;
    return this.#verdict(pod).action !== 'ignore';
  }

  /** Indexes that have come to their end, one way or the other. */
  #noteIndexes(fresh: readonly JobPod[]): void {
    if (!isIndexed(this.job)) return;
    const succeeded: number[] = [];
    const failed: number[] = [];
    for (const pod of fresh) {
      const index = indexOf(pod, this.job);
      if (index === undefined) continue;
      if (pod.status?.phase === 'Succeeded') succeeded.push(index);
      else if (this.#perIndex && hasFailed(pod, this.job) && this.#endsIndex(pod)) failed.push(index);
    }
    this.#completed = withIndexes(this.#completed, succeeded);
    this.#failedIndexes = withIndexes(
      this.#failedIndexes,
      failed.filter((index) => !hasIndex(this.#completed, index)),
    );
  }

  #endsIndex(pod: JobPod): boolean {
    const { action } = this.#verdict(pod);
    if (action === 'fail-index') return true;
    if (action === 'ignore') return false;
    return failuresBefore(pod, INDEX_FAILURES) >= (this.job.spec?.backoffLimitPerIndex ?? 0);
  }

  /** Why the job is to end now, before its completions are reached; what was once decided stays. */
  #target(failed: number, succeeded: number): Target | undefined {
    const { job } = this;
    const decided = (['SuccessCriteriaMet', 'FailureTarget'] as const).find((type) =>
      hasJobCondition(job.status, type),
    );
    if (decided) {
      const { reason = '', message = '' } = conditionOf(job.status, decided) ?? {};
      return { type: decided, reason, message };
    }
    for (const pod of this.pods) {
      if (!hasFailed(pod, job)) continue;
      const verdict = this.#verdict(pod);
      if (verdict.action === 'fail-job') return failure('PodFailurePolicy', verdict.message);
    }
    const {
      backoffLimit = 6,
      activeDeadlineSeconds,
      suspend,
      completions = 0,
      maxFailedIndexes,
    } = job.spec ?? {};
    if (failed > backoffLimit || restartsExceedLimit(job, this.pods)) {
      return failure('BackoffLimitExceeded', 'Job has reached the specified backoff limit');
    }
    if (activeDeadlineSeconds !== undefined && !suspend && this.#status.startTime) {
      const left = Date.parse(this.#status.startTime) + activeDeadlineSeconds * 1000 - this.now.getTime();
      if (left <= 0) return failure('DeadlineExceeded', 'Job was active longer than specified deadline');
      this.#comeBack(left);
    }
    if (!isIndexed(job)) return undefined;
    const lost = countIndexes(this.#failedIndexes);
    if (maxFailedIndexes !== undefined && lost > maxFailedIndexes) {
      return failure(
        'MaxFailedIndexesExceeded',
        'Job has exceeded the specified maximal number of failed indexes',
      );
    }
    if (lost > 0 && lost + succeeded >= completions)
      return failure('FailedIndexes', 'Job has failed indexes');
    const met = matchSuccessPolicy(job, this.#completed);
    return met === undefined
      ? undefined
      : { type: 'SuccessCriteriaMet', reason: 'SuccessPolicy', message: met };
  }

  #completion(succeeded: number): Target | undefined {
    const { completions } = this.job.spec ?? {};
    if (completions === undefined ? succeeded === 0 : succeeded < completions) return undefined;
    return {
      type: 'SuccessCriteriaMet',
      reason: 'CompletionsReached',
      message: 'Reached expected number of succeeded pods',
    };
  }

  /** Which pods to make and which to take away. Never both at a time, and never more than `parallelism` at work. */
  #manage(succeeded: number): { remove: readonly JobPod[]; create: readonly NewPod[] } {
    const { job } = this;
    const active = this.#active.length;
    const { parallelism = 1, completions, suspend } = job.spec ?? {};
    let wanted = 0;
    if (!suspend) {
      if (completions === undefined) wanted = succeeded > 0 ? Math.min(active, parallelism) : parallelism;
      else {
        const open = completions - succeeded - countIndexes(this.#failedIndexes);
        wanted = Math.max(0, Math.min(parallelism, open));
      }
    }
    const surplus = isIndexed(job)
      ? podsToRemove(job, this.#active, Math.max(0, active - wanted))
      : podsToRemove(job, this.#active, Math.max(0, active - wanted)).slice(0, BURST);
    if (surplus.length > 0) return { remove: surplus.slice(0, BURST), create: [] };
    const leaving = waitsForEnd(job) ? this.pods.filter(isTerminating).length : 0;
    const missing = Math.min(BURST, wanted - leaving - active);
    if (missing <= 0) return { remove: [], create: [] };
    if (!this.#perIndex) {
      const left = backoffLeft(this.#afterEndsNow(), this.now);
      if (left > 0) {
        this.#comeBack(left);
        return { remove: [], create: [] };
      }
    }
    if (!isIndexed(job)) {
      const pod: NewPod = { index: undefined, failures: undefined, ignoredFailures: 0 };
      return { remove: [], create: Array.from({ length: missing }, () => pod) };
    }
    const open = pendingIndexes(
      job,
      this.pods,
      [this.#completed, this.#failedIndexes],
      this.#perIndex ? BURST : missing,
    );
    if (!this.#perIndex) {
      return {
        remove: [],
        create: open.map((index) => ({ index, failures: undefined, ignoredFailures: 0 })),
      };
    }
    return { remove: [], create: open.flatMap((index) => this.#replacement(index)).slice(0, missing) };
  }

  /** With a limit for each index each waits for itself; the failed pod tells how often. */
  #replacement(index: number): NewPod[] {
    const last = this.#lastFailed().get(index);
    if (!last) return [{ index, failures: 0, ignoredFailures: 0 }];
    const ignored = this.#verdict(last).action === 'ignore';
    const failures = failuresBefore(last, INDEX_FAILURES) + (ignored ? 0 : 1);
    const ignoredFailures = failuresBefore(last, INDEX_IGNORED_FAILURES) + (ignored ? 1 : 0);
    const left = backoffLeft(
      { failures: failures + ignoredFailures, lastFailure: endOf(last, this.now) },
      this.now,
    );
    if (left > 0) {
      this.#comeBack(left);
      return [];
    }
    return [{ index, failures, ignoredFailures }];
  }

  #last: Map<number, JobPod> | undefined;

  /** Of each index that is to be tried again, the failed pod that knows how often it was tried. */
  #lastFailed(): ReadonlyMap<number, JobPod> {
    if (this.#last) return this.#last;
    const taken = new Set(this.#active.map((pod) => indexOf(pod, this.job)));
    const found = new Map<number, JobPod>();
    const tries = (pod: JobPod) =>
      failuresBefore(pod, INDEX_FAILURES) + failuresBefore(pod, INDEX_IGNORED_FAILURES);
    for (const pod of this.pods) {
      const index = indexOf(pod, this.job);
      if (index === undefined || taken.has(index) || !hasFailed(pod, this.job)) continue;
      if (hasIndex(this.#completed, index) || hasIndex(this.#failedIndexes, index)) continue;
      const other = found.get(index);
      if (!other || tries(pod) > tries(other)) found.set(index, pod);
    }
    this.#last = found;
    return found;
  }

  /** Notes the ends that are new in the status, and says which pods may go once that is stored. */
  #release(
    fresh: readonly JobPod[],
    target: Target | undefined,
    uncounted: { succeeded: Set<string>; failed: Set<string> },
    deleting: boolean,
  ): JobPod[] {
    const { job } = this;
    const release: JobPod[] = [];
    for (const pod of fresh) {
      const { uid } = pod.metadata;
      if (pod.status?.phase === 'Succeeded') {
        if (!isIndexed(job)) {
          if (uncounted.succeeded.size + uncounted.failed.size >= MOST_UNCOUNTED) continue;
          uncounted.succeeded.add(uid);
        }
        release.push(pod);
        continue;
      }
      const over = target !== undefined && !isActive(pod);
      const lost = hasFailed(pod, job);
      if (!lost && !over) {
        // The job is going: its pods are no longer held back.
        if (deleting) release.push(pod);
        continue;
      }
      const index = indexOf(pod, job);
      const kept = this.#perIndex && !over && !deleting && !pod.metadata.deletionTimestamp;
      if (kept && index !== undefined && this.#lastFailed().get(index) === pod) continue;
      if ((lost || target?.type === 'FailureTarget') && this.#counts(pod)) {
        if (uncounted.succeeded.size + uncounted.failed.size >= MOST_UNCOUNTED) continue;
        uncounted.failed.add(uid);
      }
      release.push(pod);
    }
    return release;
  }

  #writeCounts(uncounted: { succeeded: Set<string>; failed: Set<string> }): void {
    const status = this.#status;
    const { job } = this;
    const leaving = this.pods.filter(isTerminating).length;
    status.active = this.#active.length;
    status.ready = this.#active.filter(isReady).length;
    status.terminating = leaving;
    status.uncountedTerminatedPods = {
      ...(uncounted.succeeded.size > 0 ? { succeeded: [...uncounted.succeeded] } : {}),
      ...(uncounted.failed.size > 0 ? { failed: [...uncounted.failed] } : {}),
    };
    if (isIndexed(job)) {
      status.succeeded = countIndexes(this.#completed);
      const text = formatIndexRanges(this.#completed);
      if (text === '') delete status.completedIndexes;
      else status.completedIndexes = text;
      if (this.#perIndex) status.failedIndexes = formatIndexRanges(this.#failedIndexes);
    }
    // Zeros are not written, as in Kubernetes.
    for (const name of ['active', 'succeeded', 'failed'] as const)
      if (status[name] === 0) delete status[name];
  }

  /** First says that the job is to end, and how; that it has ended once no pod is left to be waited for. */
  #conclude(target: Target | undefined, uncounted: { succeeded: Set<string>; failed: Set<string> }): void {
    if (!target) return;
    const status = this.#status;
    const { type, reason, message } = target;
    setCondition(status, { type, status: 'True', reason, message }, this.#time);
    // Whoever sees the job finished finds its pods free of its finalizer.
    const waiting = (status.active ?? 0) + (status.terminating ?? 0);
    if (waiting > 0 || uncounted.failed.size > 0 || uncounted.succeeded.size > 0) return;
    if (this.pods.some(isTracked)) return;
    if (type === 'SuccessCriteriaMet') {
      setCondition(status, { type: 'Complete', status: 'True', reason, message }, this.#time);
      status.completionTime = this.#time;
      this.#events.push({ type: 'Normal', reason: 'Completed', message: 'Job completed' });
    } else {
      setCondition(status, { type: 'Failed', status: 'True', reason, message }, this.#time);
      this.#events.push({ type: 'Warning', reason, message });
    }
    status.startTime ??= this.#time;
  }

  #noteSuspension(suspended: boolean): void {
    const status = this.#status;
    const was = hasJobCondition(status, 'Suspended');
    if (isJobFinished({ ...this.job, status })) return;
    if (suspended && !was) {
      setCondition(
        status,
        { type: 'Suspended', status: 'True', reason: 'JobSuspended', message: 'Job suspended' },
        this.#time,
      );
      this.#events.push({ type: 'Normal', reason: 'Suspended', message: 'Job suspended' });
    }
    // Its time does not run while it rests.
    if (suspended) delete status.startTime;
    if (!suspended && was) {
      setCondition(
        status,
        { type: 'Suspended', status: 'False', reason: 'JobResumed', message: 'Job resumed' },
        this.#time,
      );
      status.startTime = this.#time;
      this.#events.push({ type: 'Normal', reason: 'Resumed', message: 'Job resumed' });
    }
  }

  #afterEnds(succeeded: readonly JobPod[], failed: readonly JobPod[]): BackoffRecord {
    return afterEnds(this.#backoff, [
      ...succeeded.map((pod) => ({ time: endOf(pod, this.now), failed: false })),
      ...failed.map((pod) => ({ time: endOf(pod, this.now), failed: true })),
    ]);
  }

  /** The record with those ends that are in no status yet. */
  #afterEndsNow(): BackoffRecord {
    const { succeeded = [], failed = [] } = this.job.status?.uncountedTerminatedPods ?? {};
    const noted = new Set([...succeeded, ...failed]);
    const fresh = this.pods.filter((pod) => isTracked(pod) && !noted.has(pod.metadata.uid));
    return this.#afterEnds(
      fresh.filter((pod) => pod.status?.phase === 'Succeeded' && this.#isNewSuccess(pod)),
      fresh.filter((pod) => hasFailed(pod, this.job) && this.#counts(pod)),
    );
  }

  #comeBack(ms: number): void {
    this.#requeueAfterMs = Math.min(this.#requeueAfterMs ?? ms, ms);
  }
}

function failure(reason: string, message: string): Target {
  return { type: 'FailureTarget', reason, message };
}
