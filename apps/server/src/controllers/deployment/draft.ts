import type { Stored } from '@wheelhouse/shared/meta/object';
import type { ReplicaSet } from 'kubernetes-types/apps/v1';

/** A ReplicaSet as the plan wants it; what differs from `set` is written in the end. */
export interface Draft {
  /** Undefined: it is to be created. */
  readonly set: Stored<ReplicaSet> | undefined;
  readonly name: string;
  replicas: number;
  annotations: Record<string, string>;
  minReadySeconds: number;
}

export function draftOf(set: Stored<ReplicaSet>): Draft {
  return {
    set,
    name: set.metadata.name,
    replicas: set.spec?.replicas ?? 1,
    annotations: { ...set.metadata.annotations },
    minReadySeconds: set.spec?.minReadySeconds ?? 0,
  };
}

/**
 * Pods that the set has or is about to have: after a scale-down its surplus counts until it is gone, so that new
 * ones never stand beside more old ones than the surge allows.
 */
export function podsOf(draft: Draft): number {
  return Math.max(draft.replicas, draft.set?.status?.replicas ?? 0);
}

/** Available pods that it keeps: the status may still count some that a scale-down is about to remove. */
export function availableOf(draft: Draft): number {
  return Math.min(draft.replicas, draft.set?.status?.availableReplicas ?? 0);
}

export const sum = (drafts: readonly Draft[], of: (draft: Draft) => number) =>
  drafts.reduce((total, draft) => total + of(draft), 0);

/** Oldest first; names decide between equals. */
export function byAge(a: Draft, b: Draft): number {
  const [left, right] = [a.set?.metadata.creationTimestamp ?? '', b.set?.metadata.creationTimestamp ?? ''];
  if (left !== right) return left < right ? -1 : 1;
  return a.name < b.name ? -1 : 1;
}
