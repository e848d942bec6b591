import { resolveIntOrPercent } from '@wheelhouse/shared/meta/int-or-percent';
import type { Stored } from '@wheelhouse/shared/meta/object';
import type { StatefulSet } from 'kubernetes-types/apps/v1';
import type { Pod } from 'kubernetes-types/core/v1';
import { isFinished, isReady, msUntilAvailable } from '../machinery/pods';
import { ordinalOf, revisionOfPod } from './identity';

export interface StatefulInput {
  /** Its own pods, those on their way out too. */
  readonly pods: readonly Stored<Pod>[];
  /** Names of the revisions that it comes from and goes to. */
  readonly currentRevision: string;
  readonly updateRevision: string;
}

export interface NewReplica {
  readonly ordinal: number;
  readonly revision: string;
}

export interface RemovedPod {
  readonly pod: Stored<Pod>;
  readonly why: 'failed' | 'succeeded' | 'scaled' | 'updated';
}

export interface StatefulPlan {
  readonly create: NewReplica[];
  readonly remove: RemovedPod[];
}

/** What of a pod decides. */
interface Replica {
  readonly ordinal: number;
  /** Undefined: there is no pod of that name yet. */
  readonly pod: Stored<Pod> | undefined;
}

/** The ordinals that the set wants: `start` and as many as there are replicas. */
export function ordinalRange({ spec }: StatefulSet): { start: number; end: number } {
  const start = spec?.ordinals?.start ?? 0;
  return { start, end: start + (spec?.replicas ?? 1) };
}

/**
 * One step towards the set's wishes. OrderedReady does one thing at a time and goes on when its pod is available:
 * creates from the lowest ordinal, removes from the highest. Parallel does not wait, but for rolling updates. A name
 * is only given again once its last pod is gone, so no two pods of one name ever run.
 */
export function planStatefulSet(set: Stored<StatefulSet>, input: StatefulInput, now: Date): StatefulPlan {
  const plan: StatefulPlan = { create: [], remove: [] };
  if (set.metadata.deletionTimestamp) return plan;
  const ordered = set.spec?.podManagementPolicy !== 'Parallel';
  const { replicas, condemned } = sortPods(set, input.pods);
  const available = (pod: Stored<Pod>) => isAvailable(set, pod, now);

  for (const { ordinal, pod } of replicas) {
    if (!pod) {
      plan.create.push({ ordinal, revision: revisionFor(set, ordinal, input) });
      if (ordered) return plan;
    } else if (isFinished(pod)) {
      // Its name is free once it is gone.
      if (!isGoing(pod)) {
        plan.remove.push({ pod, why: pod.status?.phase === 'Failed' ? 'failed' : 'succeeded' });
      }
      if (ordered) return plan;
    } else if (ordered && !available(pod)) {
      return plan;
    }
  }

  // In an ordered set all replicas are available here: only a condemned pod can be the first that is not.
  const firstUnwell = condemned.filter(({ pod }) => !available(pod)).at(-1);
  for (const one of condemned) {
    if (isGoing(one.pod)) {
      if (ordered) return plan;
    } else if (!ordered || available(one.pod) || one === firstUnwell) {
      plan.remove.push({ pod: one.pod, why: 'scaled' });
      if (ordered) return plan;
    } else {
      return plan;
    }
  }
  if (set.spec?.updateStrategy?.type !== 'OnDelete') rollOut(set, plan, { replicas, input, available });
  return plan;
}

/** The pods of the wanted ordinals from the lowest, and the others from the highest. */
function sortPods(set: Stored<StatefulSet>, pods: readonly Stored<Pod>[]) {
  const { start, end } = ordinalRange(set);
  const byOrdinal = new Map<number, Stored<Pod>>();
  for (const pod of pods) {
    const ordinal = ordinalOf(set, pod);
    if (ordinal !== undefined) byOrdinal.set(ordinal, pod);
  }
  const replicas: Replica[] = Array.from({ length: end - start }, (_, i) => ({
    ordinal: start + i,
    pod: byOrdinal.get(start + i),
  }));
  const condemned = [...byOrdinal]
    .filter(([ordinal]) => ordinal < start || ordinal >= end)
    .sort(([a], [b]) => b - a)
    .map(([ordinal, pod]) => ({ ordinal, pod }));
  return { replicas, condemned };
}

/** A new pod below the partition is made as it was; the others are made as they should become. */
function revisionFor(set: Stored<StatefulSet>, ordinal: number, input: StatefulInput): string {
  const { type, rollingUpdate } = set.spec?.updateStrategy ?? {};
  if (type === 'OnDelete') return input.updateRevision;
  const kept = rollingUpdate ? (rollingUpdate.partition ?? 0) : (set.status?.currentReplicas ?? 0);
  return ordinal < ordinalRange(set).start + kept ? input.currentRevision : input.updateRevision;
}

/**
 * Deletes pods of other revisions from the highest ordinal down to the partition. Without `maxUnavailable` one pod is
 * exchanged at a time, and the next only when all above it are available. With it, as many may be missing at a time;
 * a pod that is not available anyway costs nothing.
 */
function rollOut(
  set: StatefulSet,
  plan: StatefulPlan,
  options: {
    readonly replicas: readonly Replica[];
    readonly input: StatefulInput;
    available(pod: Stored<Pod>): boolean;
  },
): void {
  const { replicas, input, available } = options;
  const rolling = set.spec?.updateStrategy?.rollingUpdate;
  const most = mostUnavailable(set);
  const lowest = rolling?.partition ?? 0;
  const isAway = ({ pod }: Replica) => !pod || !available(pod);
  // Those below the partition are not touched; in the strict order they need not be waited for either.
  let away = rolling?.maxUnavailable === undefined ? 0 : replicas.filter(isAway).length;
  const removed = new Set(plan.remove.map(({ pod }) => pod));
  for (const replica of [...replicas.slice(lowest)].reverse()) {
    const { pod } = replica;
    const outdated = pod && !isGoing(pod) && !removed.has(pod) && revisionOfPod(pod) !== input.updateRevision;
    if (rolling?.maxUnavailable === undefined) {
      if (outdated) {
        plan.remove.push({ pod, why: 'updated' });
        return;
      }
      if (isAway(replica)) return;
    } else if (outdated && isAway(replica)) {
      plan.remove.push({ pod, why: 'updated' });
    } else if (outdated && away < most) {
      plan.remove.push({ pod, why: 'updated' });
      away += 1;
    }
  }
}

/** How many pods a rolling update may have away at a time; at least one, or it would never end. */
export function mostUnavailable({ spec }: StatefulSet): number {
  const value = spec?.updateStrategy?.rollingUpdate?.maxUnavailable ?? 1;
  return Math.max(1, resolveIntOrPercent(value, spec?.replicas ?? 1, 'down') ?? 1);
}

function isGoing(pod: Stored<Pod>): boolean {
  return pod.metadata.deletionTimestamp !== undefined;
}

export function isRunningAndReady(pod: Pod): boolean {
  return pod.status?.phase === 'Running' && isReady(pod);
}

export function isAvailable(set: StatefulSet, pod: Stored<Pod>, now: Date): boolean {
  if (isGoing(pod) || !isRunningAndReady(pod)) return false;
  return msUntilAvailable(pod, set.spec?.minReadySeconds ?? 0, now) === 0;
}
