import type { ReplicaSetStatus } from 'kubernetes-types/apps/v1';
import type { Pod, PodTemplateSpec } from 'kubernetes-types/core/v1';
import { isActive, isReady, msUntilAvailable } from '../machinery/pods';
import { type Labels, mapMatcher } from '../machinery/selectors';

/** A creation or deletion that failed in this reconcile. */
export interface ReplicaFailure {
  readonly reason: 'FailedCreate' | 'FailedDelete';
  readonly message: string;
}

export interface StatusInput {
  readonly generation: number | undefined;
  readonly template: PodTemplateSpec | undefined;
  readonly minReadySeconds: number;
  readonly previous: ReplicaSetStatus | undefined;
  readonly pods: readonly Pod[];
  readonly failure: ReplicaFailure | undefined;
}

export interface StatusResult {
  readonly status: ReplicaSetStatus;
  /** False: equal to the previous one, so nothing is to be written. */
  readonly changed: boolean;
  /** When the next ready pod becomes available, in milliseconds from now. */
  readonly nextChangeMs: number | undefined;
}

/** The status of a ReplicaSet or ReplicationController (the fields are the same) that has these pods. */
export function replicationStatus(input: StatusInput, now: Date): StatusResult {
  const active = input.pods.filter(isActive);
  const isLabeled = allLabels(input.template?.metadata?.labels);
  const waits = active.map((pod) => msUntilAvailable(pod, input.minReadySeconds, now));
  const pending = waits.filter((ms): ms is number => ms !== undefined && ms > 0);
  const count = {
    replicas: active.length,
    fullyLabeledReplicas: active.filter((pod) => isLabeled(pod.metadata?.labels)).length,
    readyReplicas: active.filter(isReady).length,
    availableReplicas: waits.filter((ms) => ms === 0).length,
  };
  const others = (input.previous?.conditions ?? []).filter(({ type }) => type !== 'ReplicaFailure');
  const conditions = [...others, ...failureConditions(input, now)];
  const status: ReplicaSetStatus = {
    replicas: count.replicas,
    ...(count.fullyLabeledReplicas ? { fullyLabeledReplicas: count.fullyLabeledReplicas } : {}),
    ...(count.readyReplicas ? { readyReplicas: count.readyReplicas } : {}),
    ...(count.availableReplicas ? { availableReplicas: count.availableReplicas } : {}),
    ...(input.generation ? { observedGeneration: input.generation } : {}),
    ...(conditions.length ? { conditions } : {}),
  };
  return {
    status,
    changed: !sameStatus(status, input.previous),
    nextChangeMs: pending.length ? Math.min(...pending) : undefined,
  };
}

function failureConditions(input: StatusInput, now: Date): NonNullable<ReplicaSetStatus['conditions']> {
  if (!input.failure) return [];
  const known = input.previous?.conditions?.find(({ type }) => type === 'ReplicaFailure');
  // The same failure again is not a transition.
  if (known?.reason === input.failure.reason) return [known];
  const lastTransitionTime = now.toISOString().replace(/\.\d+Z$/, 'Z');
  return [{ type: 'ReplicaFailure', status: 'True', lastTransitionTime, ...input.failure }];
}

function sameStatus(a: ReplicaSetStatus, b: ReplicaSetStatus | undefined): boolean {
  if (!b) return false;
  return (
    a.replicas === (b.replicas ?? 0) &&
    (a.fullyLabeledReplicas ?? 0) === (b.fullyLabeledReplicas ?? 0) &&
    (a.readyReplicas ?? 0) === (b.readyReplicas ?? 0) &&
    (a.availableReplicas ?? 0) === (b.availableReplicas ?? 0) &&
    (a.observedGeneration ?? 0) === (b.observedGeneration ?? 0) &&
    JSON.stringify(a.conditions ?? []) === JSON.stringify(b.conditions ?? [])
  );
}

/** Unlike a selector, a template without labels is carried by every pod. */
function allLabels(labels: Labels | undefined) {
  return labels && Object.keys(labels).length > 0 ? mapMatcher(labels) : () => true;
}
