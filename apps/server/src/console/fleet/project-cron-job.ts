import type { FleetCronJob } from '@wheelhouse/shared/console/protocol';
import { parseCronSchedule, splitTimeZone } from '@wheelhouse/shared/kinds/batch/cron-schedule';
import type { Stored } from '@wheelhouse/shared/meta/object';
import type { CronJob } from 'kubernetes-types/batch/v1';
import { type Times, timesOf } from '../../controllers/cronjob/schedule';
import { base } from './project-base';
import { imagesOf } from './project-workload';

/**
 * A cron job is projected again when it changes, and it changes with every run. A run that is left out changes
 * nothing, so some more times than the next travel with it: the browser shows the first that is still to come.
 */
const UPCOMING = 10;

export function projectCronJob(job: Stored<CronJob>, now: number): FleetCronJob {
  const { spec, status } = job;
  const timeZone = spec?.timeZone ?? splitTimeZone(spec?.schedule ?? '').zone;
  return {
    resource: 'cronjobs',
    ...base(job),
    schedule: spec?.schedule ?? '',
    ...(timeZone ? { timeZone } : {}),
    suspended: spec?.suspend ?? false,
    active: status?.active?.length ?? 0,
    ...(status?.lastScheduleTime ? { lastRun: status.lastScheduleTime } : {}),
    ...(status?.lastSuccessfulTime ? { lastSuccess: status.lastSuccessfulTime } : {}),
    upcoming: spec?.suspend ? [] : upcoming(spec?.schedule ?? '', timeZone, now),
    images: imagesOf(spec?.jobTemplate?.spec?.template),
  };
}

function upcoming(schedule: string, timeZone: string | undefined, now: number): string[] {
  let times: Times;
  try {
    times = timesOf(parseCronSchedule(schedule), timeZone ?? 'UTC');
  } catch {
    // The controller says in an event why it cannot be read; here it simply has no next time.
    return [];
  }
  const found: string[] = [];
  let time = times.after(now);
  while (time !== undefined && found.length < UPCOMING) {
    found.push(new Date(time).toISOString());
    time = times.after(time);
  }
  return found;
}
