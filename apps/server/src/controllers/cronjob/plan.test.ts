import type { CronJob } from '@wheelhouse/shared/kinds/batch/cron-job';
import { parseCronSchedule } from '@wheelhouse/shared/kinds/batch/cron-schedule';
import type { Job } from '@wheelhouse/shared/kinds/batch/job';
import type { Stored } from '@wheelhouse/shared/meta/object';
import type { CronJobSpec, CronJobStatus } from 'kubernetes-types/batch/v1';
import { describe, expect, it } from 'vitest';
import { goldenCases } from '../testing/golden';
import { planCronJob, SCHEDULED_TIME } from './plan';
import { latestDue, timesOf } from './schedule';

const at = (text: string) => Date.parse(text);
const created = '2026-01-01T00:00:30Z';

function cron(spec: Partial<CronJobSpec>, status?: CronJobStatus): Stored<CronJob> {
  return {
    kind: 'CronJob',
    apiVersion: 'batch/v1',
    metadata: {
      name: 'tick',
      namespace: 'default',
      uid: 'c',
      resourceVersion: '1',
      creationTimestamp: created,
    },
    spec: {
      schedule: '* * * * *',
      concurrencyPolicy: 'Allow',
      successfulJobsHistoryLimit: 1,
      failedJobsHistoryLimit: 1,
      jobTemplate: { metadata: { labels: { a: 'b' } } },
      ...spec,
    },
    ...(status ? { status } : {}),
  };
}

function job(name: string, ended?: 'Complete' | 'Failed', startTime = created): Stored<Job> {
  return {
    kind: 'Job',
    apiVersion: 'batch/v1',
    metadata: { name, namespace: 'default', uid: name, resourceVersion: '1' },
    status: {
      startTime,
      ...(ended ? { conditions: [{ type: ended, status: 'True' }] } : {}),
      ...(ended === 'Complete' ? { completionTime: startTime } : {}),
    },
  };
}

const reference = (name: string) => ({
  kind: 'Job',
  apiVersion: 'batch/v1',
  name,
  namespace: 'default',
  uid: name,
});

describe('times of a schedule', () => {
  const next = (schedule: string, from: string, zone = 'UTC') => {
    const time = timesOf(parseCronSchedule(schedule), zone).after(at(from));
    return time === undefined ? undefined : new Date(time).toISOString().slice(0, 16);
  };

  it.each([
    ['*/15 * * * *', '2026-01-01T00:00:00Z', '2026-01-01T00:15'],
    ['5/20 * * * *', '2026-01-01T00:30:00Z', '2026-01-01T00:45'],
    ['0 9-17/4 * * MON-FRI', '2026-01-02T14:00:00Z', '2026-01-02T17:00'],
    ['@monthly', '2026-01-15T00:00:00Z', '2026-02-01T00:00'],
    // Restricted both ways, either day will do.
    ['0 0 13 * 5', '2026-01-01T12:00:00Z', '2026-01-02T00:00'],
    // A step is a restriction too.
    ['0 0 */10 * 5', '2026-01-09T12:00:00Z', '2026-01-11T00:00'],
    ['@every 90m', '2026-01-01T00:00:00Z', '2026-01-01T01:30'],
  ])('%s after %s', (schedule, from, expected) => {
    expect(next(schedule, from)).toBe(expected);
  });

  it('knows time zones and days that never come', () => {
    expect(next('0 12 * * *', '2026-07-01T00:00:00Z', 'America/New_York')).toBe('2026-07-01T16:00');
    expect(next('59 23 31 2 *', '2026-01-01T00:00:00Z')).toBeUndefined();
  });

  it.each(['* * * *', '60 * * * *', '* * * * 7', 'x * * * *', '*/0 * * * *', '5-1 * * * *', '@never'])(
    'refuses %s',
    (schedule) => {
      expect(() => parseCronSchedule(schedule)).toThrow(RangeError);
    },
  );

  it('finds the latest of very many missed times without walking them', () => {
    const times = timesOf(parseCronSchedule('* * * * *'), 'UTC');
    const due = latestDue(times, at('2020-01-01T00:00:00Z'), at('2026-01-01T00:00:30Z'));
    expect(new Date(due?.time ?? 0).toISOString()).toBe('2026-01-01T00:00:00.000Z');
    expect(due?.missed).toBeGreaterThan(3_000_000);
  });
});

describe('what a cron job does', () => {
  it('waits for its first time', () => {
    const plan = planCronJob(cron({}), [], new Date('2026-01-01T00:00:40Z'));
    expect(plan).toMatchObject({ start: undefined, requeueAfterMs: 20_100 });
  });

  it('starts one job for the latest time, called after it', () => {
    const plan = planCronJob(cron({}), [], new Date('2026-01-01T00:03:10Z'));
    expect(plan.start?.time).toBe('2026-01-01T00:03:00Z');
    expect(plan.start?.job.metadata).toMatchObject({
      name: `tick-${at('2026-01-01T00:03:00Z') / 60_000}`,
      labels: { a: 'b' },
      annotations: { 'batch.kubernetes.io/cronjob-scheduled-timestamp': '2026-01-01T00:03:00Z' },
    });
    const again = planCronJob(
      cron({}, { lastScheduleTime: '2026-01-01T00:03:00Z' }),
      [],
      new Date('2026-01-01T00:03:20Z'),
    );
    expect(again.start).toBeUndefined();
  });

  it('does nothing while suspended, and leaves out what is too late', () => {
    expect(planCronJob(cron({ suspend: true }), [], new Date('2026-01-01T01:00:00Z')).start).toBeUndefined();
    const late = planCronJob(
      cron({ schedule: '0 * * * *', startingDeadlineSeconds: 60 }),
      [],
      new Date('2026-01-01T01:30:00Z'),
    );
    expect(late).toMatchObject({ start: undefined, requeueAfterMs: 30 * 60_000 + 100 });
  });

  it('obeys its concurrency policy', () => {
    const status = { active: [reference('old')], lastScheduleTime: '2026-01-01T00:01:00Z' };
    const now = new Date('2026-01-01T00:02:01Z');
    const plan = (concurrencyPolicy: string) =>
      planCronJob(cron({ concurrencyPolicy }, status), [job('old')], now);
    expect(plan('Allow')).toMatchObject({ replace: [], start: { time: '2026-01-01T00:02:00Z' } });
    expect(plan('Forbid')).toMatchObject({ start: undefined, events: [{ reason: 'JobAlreadyActive' }] });
    const replaced = plan('Replace');
    expect(replaced.replace.map(({ metadata }) => metadata.name)).toEqual(['old']);
    expect(replaced.status.active).toBeUndefined();
  });

  it('keeps so much history, and says when it last succeeded', () => {
    const jobs = [
      job('a', 'Complete', '2026-01-01T00:01:00Z'),
      job('b', 'Complete', '2026-01-01T00:02:00Z'),
      job('c', 'Failed', '2026-01-01T00:03:00Z'),
    ];
    const status = { active: [reference('b'), reference('gone')], lastScheduleTime: '2026-01-01T00:03:00Z' };
    const plan = planCronJob(cron({}, status), jobs, new Date('2026-01-01T00:03:30Z'));
    expect(plan.forget.map(({ metadata }) => metadata.name)).toEqual(['a']);
    expect(plan.status).toEqual({
      lastScheduleTime: '2026-01-01T00:03:00Z',
      lastSuccessfulTime: '2026-01-01T00:02:00Z',
    });
    expect(plan.events.map(({ reason }) => reason)).toEqual(['SawCompletedJob', 'MissingJob']);
  });

  it('speaks of too many missed times, and goes on', () => {
    const plan = planCronJob(cron({}), [], new Date('2026-01-01T03:00:00Z'));
    expect(plan.events.map(({ reason }) => reason)).toEqual(['TooManyMissedTimes']);
    expect(plan.start?.time).toBe('2026-01-01T03:00:00Z');
  });
});

interface Case {
  readonly now: string;
  readonly spec?: Partial<CronJobSpec>;
  readonly last?: string;
  /** Each job with `active`, `ours` or `running` (the status does not know it), or how it ended and when it began. */
  readonly jobs?: Readonly<Record<string, string>>;
}

describe('planCronJob', () => {
  goldenCases<Case>(import.meta.url, 'plan', ({ now, spec = {}, last, jobs = {} }) => {
    const entries = Object.entries(jobs);
    const active = entries.filter(([, state]) => state === 'active').map(([name]) => reference(name));
    const made = entries.map(([name, state]) => {
      const [ended, start] = state.split(' ');
      if (ended === 'Complete' || ended === 'Failed') return job(name, ended, start);
      const running = job(name);
      const annotations = { [SCHEDULED_TIME]: '2026-01-01T00:02:00Z' };
      return ended === 'ours' ? { ...running, metadata: { ...running.metadata, annotations } } : running;
    });
    const status = { ...(active.length > 0 ? { active } : {}), ...(last ? { lastScheduleTime: last } : {}) };
    const plan = planCronJob(cron(spec, status), made, new Date(now));
    return {
      start: plan.start && { time: plan.start.time, name: plan.start.job.metadata?.name },
      replace: plan.replace.map(({ metadata }) => metadata.name),
      forget: plan.forget.map(({ metadata }) => metadata.name),
      active: plan.status.active?.map(({ name }) => name),
      events: plan.events.map(({ reason }) => reason),
      again: plan.requeueAfterMs,
    };
  });
});
