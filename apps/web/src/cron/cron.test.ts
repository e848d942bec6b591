import type { FleetCronJob } from '@wheelhouse/shared/console/protocol';
import { describe, expect, it } from 'vitest';
import { manualJob } from './cron-actions';
import { nextRun, until } from './cron-words';

const at = (time: string) => Date.parse(time);

describe('the next run', () => {
  const job: FleetCronJob = {
    resource: 'cronjobs',
    namespace: 'shop',
    name: 'report',
    uid: '1',
    created: '',
    schedule: '*/5 * * * *',
    suspended: false,
    active: 0,
    upcoming: ['2026-01-01T10:00:00Z', '2026-01-01T10:05:00Z'],
    images: [],
  };
  it('is the first that is still to come, also when one was left out', () => {
    expect(nextRun(job, at('2026-01-01T09:59:00Z'))).toBe(at('2026-01-01T10:00:00Z'));
    expect(nextRun(job, at('2026-01-01T10:01:00Z'))).toBe(at('2026-01-01T10:05:00Z'));
    expect(nextRun(job, at('2026-01-01T11:00:00Z'))).toBeUndefined();
  });
  it('is told in the unit that fits', () => {
    const now = at('2026-01-01T10:00:00Z');
    expect(until(now + 40_000, now)).toBe('in 40 s');
    expect(until(now + 5 * 60_000, now)).toBe('in 5 min');
    expect(until(now + 5 * 3_600_000, now)).toBe('in 5 h');
    expect(until(now + 80 * 3_600_000, now)).toBe('in 3 d');
  });
});

describe('running now', () => {
  it('makes a job of the template that belongs to the cron job and says that it was started by hand', () => {
    const template = { spec: { containers: [{ name: 'main', image: 'x' }] } };
    const job = manualJob(
      {
        metadata: { name: 'report' },
        spec: {
          schedule: '@daily',
          jobTemplate: { metadata: { labels: { team: 'a' } }, spec: { template } },
        },
      },
      { name: 'report-manual-abcde', namespace: 'shop', uid: 'u1' },
    );
    expect(job).toMatchObject({
      kind: 'Job',
      metadata: {
        name: 'report-manual-abcde',
        labels: { team: 'a' },
        annotations: { 'cronjob.kubernetes.io/instantiate': 'manual' },
        ownerReferences: [{ kind: 'CronJob', name: 'report', uid: 'u1', controller: true }],
      },
      spec: { template },
    });
  });
});
