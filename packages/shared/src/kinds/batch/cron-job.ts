import type { CronJob, CronJobSpec } from 'kubernetes-types/batch/v1';
import { ageOf } from '../../meta/duration';
import { type FieldError, invalidValue, nonNegative, notSupported, required } from '../../meta/field-error';
import type { KindDefinition } from '../../meta/kind';
import { selectorFromLabelSelector } from '../../meta/labels';
import { ageColumn, containerColumns, nameColumn } from '../columns';
import { keepAllButStatus, keepStatus, setStatus } from '../status-split';
import { parseCronSchedule } from './cron-schedule';
import { defaultJobTemplate, validateJobSpec } from './job-spec';

export type { CronJob };

/** Jobs are called after their cron job and the minute: eleven characters of the 63 of a label. */
const LONGEST_NAME = 52;
const POLICIES = ['Allow', 'Forbid', 'Replace'];

export const cronJobKind: KindDefinition<CronJob> = {
  group: 'batch',
  version: 'v1',
  kind: 'CronJob',
  plural: 'cronjobs',
  singular: 'cronjob',
  shortNames: ['cj'],
  categories: ['all'],
  namespaced: true,
  schema: 'io.k8s.api.batch.v1.CronJob',
  status: true,
  columns: [
    nameColumn,
    {
      name: 'Schedule',
      type: 'string',
      description: 'The schedule in Cron format.',
      cell: ({ spec }) => spec?.schedule ?? '',
    },
    {
      name: 'Timezone',
      type: 'string',
      description: 'The time zone of the schedule.',
      cell: ({ spec }) => spec?.timeZone ?? '<none>',
    },
    {
      name: 'Suspend',
      type: 'boolean',
      description: 'Whether further executions are suspended.',
      cell: ({ spec }) => (spec?.suspend === undefined ? '<unset>' : spec.suspend ? 'True' : 'False'),
    },
    {
      name: 'Active',
      type: 'integer',
      description: 'The number of jobs that run now.',
      cell: ({ status }) => status?.active?.length ?? 0,
    },
    {
      name: 'Last Schedule',
      type: 'string',
      description: 'How long ago a job was last started.',
      cell: ({ status }, now) => (status?.lastScheduleTime ? ageOf(status.lastScheduleTime, now) : '<none>'),
    },
    ageColumn,
    ...containerColumns<CronJob>((job) => job.spec?.jobTemplate?.spec?.template?.spec?.containers ?? []),
    {
      name: 'Selector',
      type: 'string',
      priority: 1,
      description: 'A label query over the pods of its jobs.',
      cell: ({ spec }) => selectorFromLabelSelector(spec?.jobTemplate?.spec?.selector).toString() || '<none>',
    },
  ],
  default({ spec }) {
    if (!spec) return;
    spec.concurrencyPolicy ||= 'Allow';
    spec.suspend ??= false;
    spec.successfulJobsHistoryLimit ??= 3;
    spec.failedJobsHistoryLimit ??= 1;
    if (spec.jobTemplate?.spec) defaultJobTemplate(spec.jobTemplate.spec);
  },
  prepareForCreate(job) {
    setStatus(job, {});
  },
  prepareForUpdate: keepStatus,
  prepareForStatusUpdate: keepAllButStatus,
  validate({ metadata, spec }) {
    const errors = validateSpec(spec);
    const name = metadata?.name ?? '';
    if (name.length > LONGEST_NAME) {
      errors.push(invalidValue('metadata.name', name, `must be no more than ${LONGEST_NAME} characters`));
    }
    return errors;
  },
};

function validateSpec(spec: CronJobSpec | undefined): FieldError[] {
  const policy = spec?.concurrencyPolicy;
  return [
    ...validateSchedule(spec?.schedule),
    ...nonNegative('spec.startingDeadlineSeconds', spec?.startingDeadlineSeconds),
    ...validateTimeZone(spec?.timeZone),
    ...(!policy
      ? [required('spec.concurrencyPolicy')]
      : POLICIES.includes(policy)
        ? []
        : [notSupported('spec.concurrencyPolicy', policy, POLICIES)]),
    ...validateTemplate(spec),
    ...nonNegative('spec.successfulJobsHistoryLimit', spec?.successfulJobsHistoryLimit),
    ...nonNegative('spec.failedJobsHistoryLimit', spec?.failedJobsHistoryLimit),
  ];
}

function validateTemplate(spec: CronJobSpec | undefined): FieldError[] {
  const path = 'spec.jobTemplate.spec';
  const job = spec?.jobTemplate?.spec;
  const errors = validateJobSpec(job, path);
  if (job?.selector)
    errors.push(invalidValue(`${path}.selector`, job.selector, '`selector` will be auto-generated'));
  if (job?.manualSelector)
    errors.push(notSupported(`${path}.manualSelector`, job.manualSelector, ['nil', 'false']));
  return errors;
}

function validateSchedule(schedule: string | undefined): FieldError[] {
  const field = 'spec.schedule';
  if (!schedule) return [required(field)];
  const errors: FieldError[] = [];
  try {
    parseCronSchedule(schedule);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    errors.push(invalidValue(field, schedule, error.message));
  }
  if (schedule.includes('TZ')) {
    errors.push(
      invalidValue(field, schedule, 'cannot use TZ or CRON_TZ in schedule, use timeZone field instead'),
    );
  }
  return errors;
}

function validateTimeZone(zone: string | undefined): FieldError[] {
  const field = 'spec.timeZone';
  if (zone === undefined) return [];
  if (zone === '') return [invalidValue(field, zone, 'timeZone must be nil or non-empty string')];
  const unknown = invalidValue(field, zone, `unknown time zone ${zone}`);
  const wellFormed = zone
    .split('/')
    .every(
      (part) =>
        part !== '.' && part !== '..' && !part.startsWith('-') && /^[A-Za-z.\-_0-9+]{1,14}$/.test(part),
    );
  if (!wellFormed) return [unknown];
  if (zone.toLowerCase() === 'local') {
    return [
      invalidValue(
        field,
        zone,
        'timeZone must be an explicit time zone as defined in https://www.iana.org/time-zones',
      ),
    ];
  }
  return isTimeZone(zone) ? [] : [unknown];
}

function isTimeZone(zone: string): boolean {
  // Offsets such as +01:00 are none of the names that are meant, though Intl takes them.
  if (/^[+-]/.test(zone)) return false;
  try {
    new Intl.DateTimeFormat('en', { timeZone: zone });
    return true;
  } catch (error) {
    if (error instanceof RangeError) return false;
    throw error;
  }
}
