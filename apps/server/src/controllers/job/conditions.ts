import type { JobCondition, JobStatus } from 'kubernetes-types/batch/v1';

export function conditionOf(status: JobStatus | undefined, type: string): JobCondition | undefined {
  return status?.conditions?.find((condition) => condition.type === type);
}

/** Sets a condition; one that says the same already stays as it is. */
export function setCondition(
  status: JobStatus,
  condition: { type: string; status: 'True' | 'False'; reason: string; message: string },
  time: string,
): void {
  const former = conditionOf(status, condition.type);
  if (former?.status === condition.status && former.reason === condition.reason) return;
  const next: JobCondition = { ...condition, lastProbeTime: time, lastTransitionTime: time };
  const conditions = status.conditions ?? [];
  status.conditions = former ? conditions.map((one) => (one === former ? next : one)) : [...conditions, next];
}
