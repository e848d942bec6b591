import { keyOf, type Stored } from '@wheelhouse/shared/meta/object';
import type { Pod } from 'kubernetes-types/core/v1';
import { controllerOf } from '../machinery/owners';
import { isActive } from '../machinery/pods';
import type { LabelMatcher } from '../machinery/selectors';
import { rankForDeletion } from './ranking';

/** What a ReplicaSet and a ReplicationController have in common, as far as their pods are concerned. */
export interface Replicator {
  readonly uid: string;
  /** Deletion has begun: pods are neither claimed, made nor removed (that is the garbage collector's part). */
  readonly deleting: boolean;
  readonly replicas: number;
  readonly selects: LabelMatcher;
}

export interface ReplicationPlan {
  /** Matching pods without a controller. */
  readonly adopt: Stored<Pod>[];
  /** Own pods that match no longer. */
  readonly release: Stored<Pod>[];
  /** How many pods to create. */
  readonly create: number;
  /** Active pods to delete, in order. */
  readonly remove: Stored<Pod>[];
  /** The pods that are its own once `adopt` and `release` are carried out, finished and terminating ones too. */
  readonly owned: Stored<Pod>[];
}

/** Most creations or deletions of one reconcile; the next one goes on. */
export const BURST = 500;

/**
 * `candidates` are the pods of the namespace that it owns or that nobody owns; others are left alone. `related` are
 * the pods of its siblings (ReplicaSets of the same Deployment): nodes that hold several of them give theirs first.
 */
export function planReplication(
  owner: Replicator,
  candidates: readonly Stored<Pod>[],
  related: readonly Pod[],
): ReplicationPlan {
  const adopt: Stored<Pod>[] = [];
  const release: Stored<Pod>[] = [];
  const owned: Stored<Pod>[] = [];
  for (const pod of candidates) {
    const controller = controllerOf(pod);
    const matches = owner.selects(pod.metadata.labels);
    if (controller && controller.uid !== owner.uid) continue;
    if (controller && (matches || owner.deleting)) owned.push(pod);
    else if (controller) {
      // A pod that goes anyway need not be let go first.
      if (!pod.metadata.deletionTimestamp) release.push(pod);
    } else if (matches && !owner.deleting && isActive(pod)) {
      adopt.push(pod);
      owned.push(pod);
    }
  }
  if (owner.deleting) return { adopt, release, owned, create: 0, remove: [] };
  const active = owned.filter(isActive);
  const missing = owner.replicas - active.length;
  const adopted = new Set(adopt.map(keyOf));
  return {
    adopt,
    release,
    owned,
    create: Math.max(0, Math.min(missing, BURST)),
    // What was claimed just now is not deleted in the same breath: the claim may yet fail.
    remove:
      missing < 0
        ? rankForDeletion(active, related)
            .slice(0, Math.min(-missing, BURST))
            .filter((pod) => !adopted.has(keyOf(pod)))
        : [],
  };
}
