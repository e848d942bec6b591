import {
  countCommon,
  countIndexes,
  type IndexRange,
  readIndexRanges,
} from '@wheelhouse/shared/kinds/batch/index-ranges';
import type { Job, PodFailurePolicyRule } from 'kubernetes-types/batch/v1';
import type { Pod } from 'kubernetes-types/core/v1';

/** What a failed pod means for its job. */
export type FailureVerdict =
  | { readonly action: 'count' }
  | { readonly action: 'ignore' }
  | { readonly action: 'fail-index' }
  | { readonly action: 'fail-job'; readonly message: string };

const COUNT: FailureVerdict = { action: 'count' };

/** The first rule that matches decides; without one a failure counts. */
export function judgeFailure(pod: Pod, job: Job): FailureVerdict {
  const rules = job.spec?.podFailurePolicy?.rules ?? [];
  for (const [i, rule] of rules.entries()) {
    const why = matchRule(pod, rule);
    if (!why) continue;
    switch (rule.action) {
      case 'Ignore':
        return { action: 'ignore' };
      case 'FailIndex':
        if (job.spec?.backoffLimitPerIndex === undefined) continue;
        return { action: 'fail-index' };
      case 'FailJob':
        return { action: 'fail-job', message: `${why} matching FailJob rule at index ${i}` };
      default:
        return COUNT;
    }
  }
  return COUNT;
}

function matchRule(pod: Pod, rule: PodFailurePolicyRule): string | undefined {
  const name = `${pod.metadata?.namespace ?? ''}/${pod.metadata?.name ?? ''}`;
  const codes = rule.onExitCodes;
  if (codes) {
    const { containerStatuses = [], initContainerStatuses = [] } = pod.status ?? {};
    for (const status of [...containerStatuses, ...initContainerStatuses]) {
      if (codes.containerName !== undefined && codes.containerName !== status.name) continue;
      const code = status.state?.terminated?.exitCode ?? 0;
      if (code === 0) continue;
      if (codes.values.includes(code) === (codes.operator === 'In')) {
        return `Container ${status.name} for pod ${name} failed with exit code ${code}`;
      }
    }
    return undefined;
  }
  for (const pattern of rule.onPodConditions ?? []) {
    const found = (pod.status?.conditions ?? []).some(
      ({ type, status }) => type === pattern.type && status === pattern.status,
    );
    if (found) return `Pod ${name} has condition ${pattern.type}`;
  }
  return undefined;
}

/** The first rule of the success policy that these indexes satisfy. */
export function matchSuccessPolicy(job: Job, succeeded: readonly IndexRange[]): string | undefined {
  const { successPolicy, completions = 0 } = job.spec ?? {};
  for (const [i, rule] of (successPolicy?.rules ?? []).entries()) {
    const met = `Matched rules at index ${i}`;
    if (rule.succeededIndexes === undefined) {
      if (rule.succeededCount !== undefined && countIndexes(succeeded) >= rule.succeededCount) return met;
      continue;
    }
    const wanted = readIndexRanges(rule.succeededIndexes, completions);
    const common = countCommon(succeeded, wanted);
    if (common >= (rule.succeededCount ?? countIndexes(wanted)) && countIndexes(wanted) > 0) return met;
  }
  return undefined;
}

/** With OnFailure pods do not fail, they restart: those restarts count against the limit. */
export function restartsExceedLimit(job: Job, pods: readonly Pod[]): boolean {
  if (job.spec?.template?.spec?.restartPolicy !== 'OnFailure') return false;
  let restarts = 0;
  for (const { status } of pods) {
    if (status?.phase !== 'Running' && status?.phase !== 'Pending') continue;
    for (const one of [...(status.containerStatuses ?? []), ...(status.initContainerStatuses ?? [])]) {
      restarts += one.restartCount;
    }
  }
  const limit = job.spec.backoffLimit ?? 6;
  return limit === 0 ? restarts > 0 : restarts >= limit;
}
