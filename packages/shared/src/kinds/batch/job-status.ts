import type { Job, JobStatus } from 'kubernetes-types/batch/v1';
import { duplicate, type FieldError, invalidValue, nonNegative, required } from '../../meta/field-error';
import { countCommon, type IndexRange, parseIndexRanges } from './index-ranges';

/** Checks what a writer of `/status` says of a job: a job that has ended cannot have pods, and does not start again. */

const TERMINAL = ['Failed', 'Complete', 'FailureTarget'];

export function validateJobStatus({ spec, status = {} }: Job): FieldError[] {
  const errors: FieldError[] = [];
  for (const name of ['active', 'succeeded', 'failed', 'ready', 'terminating'] as const) {
    errors.push(...nonNegative(`status.${name}`, status[name]));
  }
  errors.push(...validateUncounted(status));
  const complete = is(status, 'Complete');
  const failed = is(status, 'Failed');
  const met = is(status, 'SuccessCriteriaMet');
  const target = is(status, 'FailureTarget');
  const finished = complete || failed;
  const conditions = (text: string) => errors.push(broken('status.conditions', text));
  if (complete && failed) conditions('cannot set Complete=True and Failed=true conditions');
  if (complete && target) conditions('cannot set Complete=True and FailureTarget=true conditions');
  if (failed && !target)
    conditions('cannot set Failed=True condition without the FailureTarget=true condition');
  if (complete && !met) {
    conditions('cannot set Complete=True condition without the SuccessCriteriaMet=true condition');
  }
  if (met && failed) conditions('cannot set SuccessCriteriaMet=True and Failed=true conditions');
  if (met && target) conditions('cannot set SuccessCriteriaMet=True and FailureTarget=true conditions');

  const { startTime, completionTime, active = 0, terminating = 0, ready = 0 } = status;
  if (completionTime && !complete) {
    errors.push(
      invalidValue(
        'status.completionTime',
        completionTime,
        'cannot set completionTime when there is no Complete=True condition',
      ),
    );
  }
  if (complete && !completionTime) {
    errors.push(required('status.completionTime', 'completionTime is required for Complete jobs'));
  }
  if (startTime && completionTime && Date.parse(completionTime) < Date.parse(startTime)) {
    errors.push(
      invalidValue('status.completionTime', completionTime, 'completionTime cannot be set before startTime'),
    );
  }
  if (finished) {
    if (active > 0)
      errors.push(invalidValue('status.active', active, 'active>0 is invalid for finished job'));
    if (!startTime) errors.push(required('status.startTime', 'startTime is required for finished job'));
    if (terminating > 0) {
      errors.push(
        invalidValue('status.terminating', terminating, 'terminating>0 is invalid for finished job'),
      );
    }
    const { failed: lost = [], succeeded: won = [] } = status.uncountedTerminatedPods ?? {};
    if (lost.length + won.length > 0) {
      errors.push(
        invalidValue(
          'status.uncountedTerminatedPods',
          status.uncountedTerminatedPods,
          'uncountedTerminatedPods needs to be empty for finished job',
        ),
      );
    }
  }
  if (ready > active) {
    errors.push(invalidValue('status.ready', ready, 'cannot set more ready pods than active'));
  }
  errors.push(...validateIndexes(spec, status));
  return errors;
}

export function validateJobStatusUpdate(next: Job, previous: Job): FieldError[] {
  const [status, old] = [next.status ?? {}, previous.status ?? {}];
  const errors: FieldError[] = [];
  for (const type of TERMINAL) {
    if (is(old, type) && !is(status, type)) {
      errors.push(broken('status.conditions', `cannot disable the terminal ${type}=True condition`));
    }
  }
  for (const name of ['failed', 'succeeded'] as const) {
    const value = status[name] ?? 0;
    // The indexes of an elastic job may shrink, and what succeeded with them.
    const elastic = name === 'succeeded' && next.spec?.completionMode === 'Indexed';
    if (value < (old[name] ?? 0) && !elastic) {
      errors.push(invalidValue(`status.${name}`, value, `cannot decrease the ${name} counter`));
    }
  }
  if (status.completionTime && old.completionTime && status.completionTime !== old.completionTime) {
    errors.push(
      invalidValue('status.completionTime', status.completionTime, 'completionTime cannot be mutated'),
    );
  }
  if (old.startTime && old.startTime !== status.startTime && !next.spec?.suspend) {
    errors.push(required('status.startTime', 'startTime cannot be removed for unsuspended job'));
  }
  if (is(old, 'SuccessCriteriaMet') && !is(status, 'SuccessCriteriaMet')) {
    errors.push(broken('status.conditions', 'cannot disable the SuccessCriteriaMet=True condition'));
  }
  return errors;
}

function validateUncounted(status: JobStatus): FieldError[] {
  const errors: FieldError[] = [];
  const seen = new Set<string>();
  for (const name of ['succeeded', 'failed'] as const) {
    status.uncountedTerminatedPods?.[name]?.forEach((uid, i) => {
      const at = `status.uncountedTerminatedPods.${name}[${i}]`;
      if (uid === '') errors.push(invalidValue(at, uid, 'must not be empty'));
      else if (seen.has(uid)) errors.push(duplicate(at, uid));
      seen.add(uid);
    });
  }
  return errors;
}

function validateIndexes(spec: Job['spec'], status: JobStatus): FieldError[] {
  const errors: FieldError[] = [];
  const { completedIndexes = '', failedIndexes } = status;
  const completions = spec?.completions;
  const read = (name: 'completedIndexes' | 'failedIndexes', text: string): readonly IndexRange[] => {
    if (completions === undefined) return [];
    try {
      return parseIndexRanges(text, completions);
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      errors.push(invalidValue(`status.${name}`, text, `error parsing ${name}: ${error.message}`));
      return [];
    }
  };
  const completed = read('completedIndexes', completedIndexes);
  if (completedIndexes !== '' && spec?.completionMode !== 'Indexed') {
    errors.push(
      invalidValue(
        'status.completedIndexes',
        completedIndexes,
        'cannot set non-empty completedIndexes when non-indexed completion mode',
      ),
    );
  }
  if (failedIndexes === undefined) return errors;
  if (spec?.backoffLimitPerIndex === undefined) {
    errors.push(
      invalidValue(
        'status.failedIndexes',
        failedIndexes,
        'cannot set non-null failedIndexes when backoffLimitPerIndex is null',
      ),
    );
    return errors;
  }
  if (countCommon(completed, read('failedIndexes', failedIndexes)) > 0) {
    errors.push(
      invalidValue('status.failedIndexes', failedIndexes, 'failedIndexes and completedIndexes overlap'),
    );
  }
  return errors;
}

function is(status: JobStatus, type: string): boolean {
  return (status.conditions ?? []).some(
    (condition) => condition.type === type && condition.status === 'True',
  );
}

function broken(field: string, detail: string): FieldError {
  return { reason: 'FieldValueInvalid', field, message: `Invalid value: ${detail}` };
}
