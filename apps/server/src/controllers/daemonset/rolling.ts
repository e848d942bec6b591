import type { Stored } from '@wheelhouse/shared/meta/object';
import type { DaemonSet } from 'kubernetes-types/apps/v1';
import type { Pod } from 'kubernetes-types/core/v1';
import { isAvailable, isUpdated, updateBounds } from './members';
import type { NodeVerdict } from './nodes';

export interface RollingInput {
  readonly nodes: ReadonlyMap<string, NodeVerdict>;
  readonly byNode: ReadonlyMap<string, readonly Stored<Pod>[]>;
  readonly hash: string;
}

export interface RollingStep {
  readonly create: string[];
  readonly remove: Stored<Pod>[];
}

/** The pods of one node that should have one, or that may keep the one that it has. */
interface Place {
  readonly node: string;
  /** False: the node may keep its pod, but would get no other one. */
  readonly wanted: boolean;
  readonly newPod: Stored<Pod> | undefined;
  readonly oldPod: Stored<Pod> | undefined;
}

/**
 * One step of a rolling update over nodes with one pod each. Without a surge old pods are removed first, as many as
 * may be missing; with one, new pods come up beside the old ones, and the old go when those are available. An old pod
 * that is not available costs nothing either way.
 */
export function rollOut(set: DaemonSet, input: RollingInput, now: Date): RollingStep {
  const places = placesOf(input);
  const desired = places.filter(({ wanted }) => wanted).length;
  const { maxSurge, maxUnavailable } = updateBounds(set, desired);
  const available = (pod: Stored<Pod> | undefined) => pod !== undefined && isAvailable(set, pod, now);
  const step: RollingStep = { create: [], remove: [] };
  if (maxSurge === 0) {
    const outdated = places.flatMap(({ oldPod, newPod }) => (oldPod && !newPod ? [oldPod] : []));
    // A node without a pod that serves is missing, whatever the reason.
    let missing = places.filter(({ oldPod, newPod }) => !available(newPod) && !available(oldPod)).length;
    for (const pod of outdated) {
      if (!available(pod)) step.remove.push(pod);
      else if (missing < maxUnavailable) {
        step.remove.push(pod);
        missing += 1;
      }
    }
    return step;
  }
  let surging = places.filter(({ oldPod, newPod }) => oldPod && newPod && !available(newPod)).length;
  for (const { node, wanted, newPod, oldPod } of places) {
    if (!oldPod || !wanted) continue;
    if (newPod) {
      if (available(newPod)) step.remove.push(oldPod);
    } else if (!available(oldPod)) step.create.push(node);
    else if (surging < maxSurge) {
      step.create.push(node);
      surging += 1;
    }
  }
  return step;
}

function placesOf({ nodes, byNode, hash }: RollingInput): Place[] {
  return [...nodes]
    .filter(([node, { run, stay }]) => run || (stay && byNode.has(node)))
    .map(([node, { run }]) => {
      const living = (byNode.get(node) ?? []).filter(({ metadata }) => !metadata.deletionTimestamp);
      return {
        node,
        wanted: run,
        newPod: living.find((pod) => isUpdated(pod, hash)),
        oldPod: living.find((pod) => !isUpdated(pod, hash)),
      };
    });
}
