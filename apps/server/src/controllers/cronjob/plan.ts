import type { CronJob } from '@wheelhouse/shared/kinds/batch/cron-job';
import { cronJobKind } from '@wheelhouse/shared/kinds/batch/cron-job';
import { parseCronSchedule, splitTimeZone } from '@wheelhouse/shared/kinds/batch/cron-schedule';
import { hasJobCondition, isJobFinished, type Job } from '@wheelhouse/shared/kinds/batch/job';
import type { Stored } from '@wheelhouse/shared/meta/object';
import type { CronJobStatus } from 'kubernetes-types/batch/v1';
import type { ObjectReference } from 'kubernetes-types/core/v1';
import { controllerReference } from '../machinery/owners';
import { latestDue, MANY_MISSED, type Times, timesOf } from './schedule';

export const SCHEDULED_TIME = 'batch.kubernetes.io/cronjob-scheduled-timestamp';
/** After a time a moment is let pass, so that clocks that are a little behind find it due. */
const AFTER_MS = 100;

export interface CronEvent {
  readonly type: 'Normal' | 'Warning';
  readonly reason: string;
  readonly message: string;
}

export interface CronPlan {
  /** Without what `start` adds to it. */
  readonly status: CronJobStatus;
  /** Finished jobs beyond the limits of the history. */
  readonly forget: readonly Stored<Job>[];
  /** Running jobs that give way. */
  readonly replace: readonly Stored<Job>[];
  readonly start: { readonly time: string; readonly job: Job } | undefined;
  readonly events: readonly CronEvent[];
  readonly requeueAfterMs: number | undefined;
}

/** `jobs` are those that the cron job owns. Decides purely. */
export function planCronJob(cron: Stored<CronJob>, jobs: readonly Stored<Job>[], now: Date): CronPlan {
  const events: CronEvent[] = [];
  const status = statusOf(cron, jobs, events);
  const plan = (part: Partial<CronPlan>): CronPlan => ({
    status,
    forget: surplusHistory(cron, jobs),
    replace: [],
    start: undefined,
    events,
    requeueAfterMs: undefined,
    ...part,
  });
  const { spec } = cron;
  if (!spec || cron.metadata.deletionTimestamp || spec.suspend) return plan({});

  let times: Times;
  try {
    const { zone } = splitTimeZone(spec.schedule);
    times = timesOf(parseCronSchedule(spec.schedule), spec.timeZone ?? zone ?? 'UTC');
  } catch (error) {
    // Stored by other rules than ours; it stays as it is until somebody changes it.
    const message = `unparseable schedule: ${JSON.stringify(spec.schedule)} : ${error instanceof Error ? error.message : ''}`;
    events.push({ type: 'Warning', reason: 'UnparseableSchedule', message });
    return plan({});
  }
  const later = (): number | undefined => {
    const next = times.after(now.getTime());
    return next === undefined ? undefined : next - now.getTime() + AFTER_MS;
  };
  const due = latestDue(times, earliestOf(cron, now), now.getTime());
  if (!due) return plan({ requeueAfterMs: later() });
  if (due.missed > MANY_MISSED) {
    events.push({
      type: 'Warning',
      reason: 'TooManyMissedTimes',
      message: `too many missed start times: ${due.missed}. Set or decrease .spec.startingDeadlineSeconds or check clock skew`,
    });
  }
  const deadline = spec.startingDeadlineSeconds;
  const time = `${new Date(due.time).toISOString().slice(0, 19)}Z`;
  if (deadline !== undefined && due.time + deadline * 1000 < now.getTime()) {
    events.push({
      type: 'Warning',
      reason: 'MissSchedule',
      message: `Missed scheduled time to start a job: ${time}`,
    });
    return plan({ requeueAfterMs: later() });
  }
  const name = `${cron.metadata.name}-${Math.floor(due.time / 60_000)}`;
  const active = status.active ?? [];
  const started =
    active.some((job) => job.name === name) || Date.parse(status.lastScheduleTime ?? '') === due.time;
  if (started) return plan({ requeueAfterMs: later() });
  if (spec.concurrencyPolicy === 'Forbid' && active.length > 0) {
    events.push({
      type: 'Normal',
      reason: 'JobAlreadyActive',
      message: 'Not starting job because prior execution is running and concurrency policy is Forbid',
    });
    return plan({ requeueAfterMs: later() });
  }
  const replace =
    spec.concurrencyPolicy === 'Replace'
      ? jobs.filter(({ metadata }) => active.some(({ uid }) => uid === metadata.uid))
      : [];
  const kept = active.filter(({ uid }) => !replace.some(({ metadata }) => metadata.uid === uid));
  return plan({
    status: withActive(status, kept),
    replace,
    start: { time, job: jobOf(cron, name, new Date(due.time)) },
    requeueAfterMs: later(),
  });
}

/** Times before this one are of no interest: the last start, the creation, or the starting deadline. */
function earliestOf(cron: Stored<CronJob>, now: Date): number {
  const { creationTimestamp } = cron.metadata;
  const last = Date.parse(cron.status?.lastScheduleTime ?? creationTimestamp ?? '');
  const deadline = cron.spec?.startingDeadlineSeconds;
  const earliest = Number.isNaN(last) ? now.getTime() : last;
  return deadline === undefined ? earliest : Math.max(earliest, now.getTime() - deadline * 1000);
}

/** The status as the jobs themselves tell it. */
function statusOf(cron: Stored<CronJob>, jobs: readonly Stored<Job>[], events: CronEvent[]): CronJobStatus {
  const byUid = new Map(jobs.map((job) => [job.metadata.uid, job]));
  let { lastSuccessfulTime } = cron.status ?? {};
  const active: ObjectReference[] = [];
  for (const reference of cron.status?.active ?? []) {
    const job = byUid.get(reference.uid ?? '');
    if (!job) {
      events.push({
        type: 'Normal',
        reason: 'MissingJob',
        message: `Active job went missing: ${reference.name ?? ''}`,
      });
    } else if (isJobFinished(job)) {
      const how = hasJobCondition(job.status, 'Complete') ? 'Complete' : 'Failed';
      events.push({
        type: 'Normal',
        reason: 'SawCompletedJob',
        message: `Saw completed job: ${job.metadata.name}, condition: ${how}`,
      });
    } else active.push(reference);
  }
  for (const job of jobs) {
    const end = job.status?.completionTime;
    if (
      end &&
      hasJobCondition(job.status, 'Complete') &&
      Date.parse(end) > (Date.parse(lastSuccessfulTime ?? '') || 0)
    ) {
      lastSuccessfulTime = end;
    }
    if (isJobFinished(job) || job.metadata.deletionTimestamp) continue;
    if (active.some(({ uid }) => uid === job.metadata.uid)) continue;
    // Made by us, but the answer or the status was lost: it counts all the same. Others (`create job --from`) do not.
    if (job.metadata.annotations?.[SCHEDULED_TIME] !== undefined) active.push(referenceTo(job));
    else {
      events.push({
        type: 'Warning',
        reason: 'UnexpectedJob',
        message: `Saw a job that the controller did not create or forgot: ${job.metadata.name}`,
      });
    }
  }
  return withActive({ ...cron.status, ...(lastSuccessfulTime ? { lastSuccessfulTime } : {}) }, active);
}

export function withActive(status: CronJobStatus, active: readonly ObjectReference[]): CronJobStatus {
  const { active: _former, ...rest } = status;
  return active.length > 0 ? { active: [...active], ...rest } : rest;
}

export function referenceTo(job: Stored<Job>): ObjectReference {
  const { name, namespace, uid, resourceVersion } = job.metadata;
  return { kind: 'Job', apiVersion: 'batch/v1', name, namespace: namespace ?? '', uid, resourceVersion };
}

/** The oldest of those that succeeded and of those that failed, beyond what is to be kept of each. */
function surplusHistory(cron: CronJob, jobs: readonly Stored<Job>[]): Stored<Job>[] {
  const { successfulJobsHistoryLimit, failedJobsHistoryLimit } = cron.spec ?? {};
  const surplus = (type: string, limit: number | undefined): Stored<Job>[] => {
    if (limit === undefined) return [];
    const ended = jobs
      .filter((job) => hasJobCondition(job.status, type) && !job.metadata.deletionTimestamp)
      .sort((a, b) => startOf(a) - startOf(b) || (a.metadata.name < b.metadata.name ? -1 : 1));
    return ended.slice(0, Math.max(0, ended.length - limit));
  };
  return [...surplus('Complete', successfulJobsHistoryLimit), ...surplus('Failed', failedJobsHistoryLimit)];
}

function startOf({ status, metadata }: Job): number {
  return Date.parse(status?.startTime ?? metadata?.creationTimestamp ?? '') || 0;
}

function jobOf(cron: Stored<CronJob>, name: string, time: Date): Job {
  const { metadata, spec } = cron.spec?.jobTemplate ?? {};
  return {
    metadata: {
      name,
      namespace: cron.metadata.namespace ?? '',
      ...(metadata?.labels ? { labels: metadata.labels } : {}),
      annotations: { ...metadata?.annotations, [SCHEDULED_TIME]: `${time.toISOString().slice(0, 19)}Z` },
      ownerReferences: [controllerReference(cronJobKind, cron)],
    },
    ...(spec ? { spec } : {}),
  };
}
