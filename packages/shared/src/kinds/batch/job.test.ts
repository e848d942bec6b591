import type { JobSpec } from 'kubernetes-types/batch/v1';
import { describe, expect, it } from 'vitest';
import { cronJobKind } from './cron-job';
import { countCommon, formatIndexRanges, parseIndexRanges, withIndexes } from './index-ranges';
import { CONTROLLER_UID, type Job, jobKind } from './job';

const now = new Date('2026-01-01T00:00:00Z');

function created(spec: Partial<JobSpec>): Job {
  const job: Job = {
    metadata: { name: 'j', namespace: 'default', uid: 'u' },
    spec: {
      template: { spec: { restartPolicy: 'Never', containers: [{ name: 'c', image: 'busybox:1' }] } },
      ...spec,
    },
  };
  jobKind.default?.(job);
  jobKind.prepareForCreate?.(job, { now });
  return job;
}

const problems = (job: Job) =>
  (jobKind.validate?.(job) ?? []).map(({ field, reason }) => `${field} ${reason}`);

describe('a new job', () => {
  it('gets a selector that no other job has, and labels for it', () => {
    const job = created({});
    const labels = {
      'controller-uid': 'u',
      'job-name': 'j',
      'batch.kubernetes.io/controller-uid': 'u',
      'batch.kubernetes.io/job-name': 'j',
    };
    expect(job.metadata?.labels).toEqual(labels);
    expect(job.spec?.template.metadata?.labels).toEqual(labels);
    expect(job.spec?.selector).toEqual({ matchLabels: { [CONTROLLER_UID]: 'u' } });
    expect(job.spec).toMatchObject({ completions: 1, parallelism: 1, backoffLimit: 6, suspend: false });
    expect(problems(job)).toEqual([]);
  });

  it.each<[string, Partial<JobSpec>, string[]]>([
    [
      'Indexed without completions',
      { completionMode: 'Indexed', parallelism: 1 },
      ['spec.completions FieldValueRequired'],
    ],
    [
      'a limit for each index without any',
      { backoffLimitPerIndex: 1 },
      ['spec.backoffLimitPerIndex FieldValueInvalid'],
    ],
    [
      'a selector of the user',
      { selector: { matchLabels: { [CONTROLLER_UID]: 'x' } } },
      ['spec.selector FieldValueInvalid', 'spec.template.metadata.labels FieldValueInvalid'],
    ],
    [
      'no selector where it has to bring one',
      { manualSelector: true },
      ['spec.selector FieldValueRequired', 'spec.template.metadata.labels FieldValueInvalid'],
    ],
    [
      'pods that never end',
      { template: { spec: { containers: [{ name: 'c', image: 'busybox:1' }] } } },
      ['spec.template.spec.restartPolicy FieldValueRequired'],
    ],
    [
      'pods that end in a way that there is not',
      { template: { spec: { restartPolicy: 'Once', containers: [{ name: 'c', image: 'busybox:1' }] } } },
      [
        'spec.template.spec.restartPolicy FieldValueNotSupported',
        'spec.template.spec.restartPolicy FieldValueNotSupported',
      ],
    ],
    [
      'a failure policy with a rule of nothing',
      { podFailurePolicy: { rules: [{ action: 'Count' }] } },
      ['spec.podFailurePolicy.rules[0] FieldValueInvalid'],
    ],
  ])('is refused with %s', (_what, spec, expected) => {
    expect(problems(created(spec))).toEqual(expected);
  });

  it('keeps its template, but may be told where to run before it starts', () => {
    const old = created({ suspend: true });
    const next = structuredClone(old);
    if (next.spec?.template.spec) next.spec.template.spec.nodeSelector = { disk: 'ssd' };
    expect(jobKind.validateUpdate?.(next, old)).toEqual([]);
    expect(jobKind.validateUpdate?.(next, created({}))).toMatchObject([{ field: 'spec.template' }]);
  });
});

describe('index ranges', () => {
  it('read, join and write', () => {
    expect(formatIndexRanges(withIndexes(parseIndexRanges('0,3-5', 10), [2, 7, 1, 8, 9]))).toBe('0-5,7-9');
    expect(formatIndexRanges(withIndexes([], [4, 3]))).toBe('3,4');
    expect(countCommon(parseIndexRanges('0-4,8', 10), parseIndexRanges('3-9', 10))).toBe(3);
  });

  it.each(['1-', 'x', '3,1', '5-5', '10', '1-2-3'])('refuse %s', (text) => {
    expect(() => parseIndexRanges(text, 10)).toThrow(RangeError);
  });
});

it('checks time zone, schedule and policy of a cron job', () => {
  const cron = {
    metadata: { name: 'c', namespace: 'default' },
    spec: {
      schedule: 'TZ=UTC 61 * * * *',
      timeZone: 'Nowhere/Else',
      concurrencyPolicy: 'Maybe',
      jobTemplate: { spec: created({}).spec ?? { template: {} } },
    },
  };
  const fields = (cronJobKind.validate?.(cron) ?? []).map(({ field }) => field);
  expect(fields).toEqual([
    'spec.schedule',
    'spec.schedule',
    'spec.timeZone',
    'spec.concurrencyPolicy',
    'spec.jobTemplate.spec.selector',
  ]);
});
