import type { DeploymentCondition } from 'kubernetes-types/apps/v1';

export type ConditionStatus = 'True' | 'False' | 'Unknown';

export interface ConditionValue {
  readonly type: string;
  readonly status: ConditionStatus;
  readonly reason: string;
  readonly message: string;
}

/** Whole seconds, as Kubernetes' Time. */
export function timeOf(now: Date): string {
  return now.toISOString().replace(/\.\d+Z$/, 'Z');
}

/**
 * With the condition set. The same status and reason leave it as it is, unless `touch` says that even so something
 * has moved; the transition time moves with the status alone.
 */
export function withCondition(
  conditions: readonly DeploymentCondition[],
  value: ConditionValue,
  now: Date,
  touch = false,
): DeploymentCondition[] {
  const current = conditions.find(({ type }) => type === value.type);
  if (current && current.status === value.status && current.reason === value.reason && !touch)
    return [...conditions];
  const time = timeOf(now);
  const next: DeploymentCondition = {
    type: value.type,
    status: value.status,
    lastUpdateTime: time,
    lastTransitionTime: current?.status === value.status ? (current.lastTransitionTime ?? time) : time,
    reason: value.reason,
    message: value.message,
  };
  return [...withoutCondition(conditions, value.type), next];
}

export function withoutCondition(
  conditions: readonly DeploymentCondition[],
  type: string,
): DeploymentCondition[] {
  return conditions.filter((condition) => condition.type !== type);
}
