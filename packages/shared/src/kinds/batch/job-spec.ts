import type { JobSpec } from 'kubernetes-types/batch/v1';
import {
  complaints,
  type FieldError,
  invalidValue,
  nonNegative,
  notSupported,
  required,
  tooLong,
} from '../../meta/field-error';
import { dns1123Subdomain } from '../../meta/names';
import { defaultPodSpec } from '../core/pod-spec/defaults';
import { validatePodTemplate } from '../core/pod-spec/validate';
import { validatePodFailurePolicy, validateReplacementPolicy, validateSuccessPolicy } from './job-policies';

/** What Jobs and the job templates of CronJobs have in common. */

const MODES = ['NonIndexed', 'Indexed'];
const MOST_PARALLEL = 100_000;
const MOST_FAILED = 100_000;
/** Beyond so many completions the lists in a job's status have to be kept short by other means. */
const MANY_COMPLETIONS = 100_000;
const PARALLEL_WITH_MANY = 10_000;
const FAILED_WITH_MANY = 10_000;
const LONGEST_MANAGER = 63;

/** The defaults of pods and of the failure policy, which templates get as well. */
export function defaultJobTemplate(spec: JobSpec): void {
  if (spec.template?.spec) defaultPodSpec(spec.template.spec);
  for (const rule of spec.podFailurePolicy?.rules ?? []) {
    for (const pattern of rule.onPodConditions ?? []) if (!pattern.status) pattern.status = 'True';
  }
}

/** What a job gets beyond that. */
export function defaultJobSpec(spec: JobSpec): void {
  defaultJobTemplate(spec);
  if (spec.completions === undefined && spec.parallelism === undefined) spec.completions = 1;
  spec.parallelism ??= 1;
  // With a limit for each index, that one alone decides.
  spec.backoffLimit ??= spec.backoffLimitPerIndex === undefined ? 6 : 2 ** 31 - 1;
  spec.completionMode ??= 'NonIndexed';
  spec.suspend ??= false;
  spec.podReplacementPolicy ??= spec.podFailurePolicy ? 'Failed' : 'TerminatingOrFailed';
  spec.manualSelector ??= false;
}

/** Everything but the selector, which templates do not have. */
export function validateJobSpec(spec: JobSpec | undefined, path: string): FieldError[] {
  if (!spec) return [required(`${path}.template`)];
  const errors: FieldError[] = [
    ...nonNegative(`${path}.parallelism`, spec.parallelism),
    ...nonNegative(`${path}.completions`, spec.completions),
    ...nonNegative(`${path}.activeDeadlineSeconds`, spec.activeDeadlineSeconds),
    ...nonNegative(`${path}.backoffLimit`, spec.backoffLimit),
    ...nonNegative(`${path}.ttlSecondsAfterFinished`, spec.ttlSecondsAfterFinished),
    ...nonNegative(`${path}.backoffLimitPerIndex`, spec.backoffLimitPerIndex),
    ...nonNegative(`${path}.maxFailedIndexes`, spec.maxFailedIndexes),
  ];
  if (spec.maxFailedIndexes !== undefined && spec.backoffLimitPerIndex === undefined) {
    errors.push(required(`${path}.backoffLimitPerIndex`, 'when maxFailedIndexes is specified'));
  }
  errors.push(...validateManager(spec.managedBy, `${path}.managedBy`));
  errors.push(...validateMode(spec, path));
  if (spec.podFailurePolicy) errors.push(...validatePodFailurePolicy(spec, `${path}.podFailurePolicy`));
  if (spec.successPolicy) {
    const at = `${path}.successPolicy`;
    if (spec.completionMode === 'Indexed') errors.push(...validateSuccessPolicy(spec, at));
    else errors.push(invalidValue(at, spec.successPolicy, 'requires indexed completion mode'));
  }
  errors.push(...validateReplacementPolicy(spec, `${path}.podReplacementPolicy`));
  errors.push(...validatePodTemplate(spec.template, `${path}.template`));
  errors.push(...validateRestartPolicy(spec, `${path}.template.spec.restartPolicy`));
  return errors;
}

function validateManager(manager: string | undefined, path: string): FieldError[] {
  if (manager === undefined) return [];
  const errors: FieldError[] = [];
  if (manager === '') errors.push(required(path));
  else {
    const slash = manager.indexOf('/');
    const [domain, rest] = slash < 0 ? [manager, ''] : [manager.slice(0, slash), manager.slice(slash + 1)];
    if (slash < 0 || domain === '' || rest === '') {
      errors.push(invalidValue(path, manager, 'must be a domain-prefixed path (such as "acme.io/foo")'));
    } else {
      errors.push(...complaints(path, domain, dns1123Subdomain(domain)));
      if (!/^[A-Za-z0-9/\-._~%!$&'()*+,;=:]+$/.test(rest)) {
        errors.push(invalidValue(path, rest, 'Invalid path'));
      }
    }
  }
  if (manager.length > LONGEST_MANAGER) errors.push(tooLong(path, LONGEST_MANAGER));
  return errors;
}

function validateMode(spec: JobSpec, path: string): FieldError[] {
  const { completionMode: mode, completions, parallelism = 0, maxFailedIndexes, backoffLimitPerIndex } = spec;
  const errors: FieldError[] = [];
  if (mode !== undefined && !MODES.includes(mode)) {
    errors.push(notSupported(`${path}.completionMode`, mode, MODES));
  }
  if (mode === undefined || mode === 'NonIndexed') {
    for (const name of ['backoffLimitPerIndex', 'maxFailedIndexes'] as const) {
      if (spec[name] !== undefined) {
        errors.push(invalidValue(`${path}.${name}`, spec[name], 'requires indexed completion mode'));
      }
    }
  }
  if (mode !== 'Indexed') return errors;
  const atMost = (name: 'parallelism' | 'maxFailedIndexes', limit: number, why: string) => {
    const value = spec[name] ?? 0;
    if (value > limit)
      errors.push(invalidValue(`${path}.${name}`, value, `must be less than or equal to ${limit}${why}`));
  };
  if (completions === undefined) {
    errors.push(required(`${path}.completions`, 'when completion mode is Indexed'));
  }
  atMost('parallelism', MOST_PARALLEL, ' when completion mode is Indexed');
  if (completions !== undefined && maxFailedIndexes !== undefined && maxFailedIndexes > completions) {
    errors.push(
      invalidValue(`${path}.maxFailedIndexes`, maxFailedIndexes, 'must be less than or equal to completions'),
    );
  }
  atMost('maxFailedIndexes', MOST_FAILED, '');
  if ((completions ?? 0) > MANY_COMPLETIONS && backoffLimitPerIndex !== undefined) {
    const why = ` when completions are above ${MANY_COMPLETIONS} and used with backoff limit per index`;
    if (maxFailedIndexes === undefined) {
      errors.push(
        required(
          `${path}.maxFailedIndexes`,
          `must be specified when completions is above ${MANY_COMPLETIONS}`,
        ),
      );
    }
    if (parallelism > PARALLEL_WITH_MANY) atMost('parallelism', PARALLEL_WITH_MANY, why);
    atMost('maxFailedIndexes', FAILED_WITH_MANY, why);
  }
  return errors;
}

/** Pods of a job have to be able to end. */
function validateRestartPolicy(spec: JobSpec, path: string): FieldError[] {
  const policy = spec.template?.spec?.restartPolicy;
  // What is not said is filled with Always.
  if (!policy || policy === 'Always') return [required(path, 'valid values: "OnFailure", "Never"')];
  if (policy !== 'OnFailure' && policy !== 'Never') {
    return [notSupported(path, policy, ['OnFailure', 'Never'])];
  }
  return spec.podFailurePolicy && policy !== 'Never'
    ? [invalidValue(path, policy, 'only "Never" is supported when podFailurePolicy is specified')]
    : [];
}
