import { resolveIntOrPercent } from '@wheelhouse/shared/meta/int-or-percent';
import type { Stored } from '@wheelhouse/shared/meta/object';
import type { DaemonSet } from 'kubernetes-types/apps/v1';
import type { Pod } from 'kubernetes-types/core/v1';
import { msUntilAvailable } from '../machinery/pods';
import { REVISION_LABEL } from '../revisions/history';
import { nodeOf } from './nodes';

export function isUpdated(pod: Pod, hash: string): boolean {
  return pod.metadata?.labels?.[REVISION_LABEL] === hash;
}

export function isAvailable(set: DaemonSet, pod: Pod, now: Date): boolean {
  return !pod.metadata?.deletionTimestamp && msUntilAvailable(pod, set.spec?.minReadySeconds ?? 0, now) === 0;
}

export function podsByNode(pods: readonly Stored<Pod>[]): Map<string, Stored<Pod>[]> {
  const byNode = new Map<string, Stored<Pod>[]>();
  for (const pod of pods) {
    const node = nodeOf(pod);
    if (node === undefined) continue;
    const known = byNode.get(node);
    if (known) known.push(pod);
    else byNode.set(node, [pod]);
  }
  return byNode;
}

/** Bound pods before others, then by age: the one that is kept and counted comes first. */
export function oldestFirst(a: Stored<Pod>, b: Stored<Pod>): number {
  const bound = (pod: Pod) => (pod.spec?.nodeName ? 0 : 1);
  const created = ({ metadata }: Pod) => metadata?.creationTimestamp ?? '';
  if (bound(a) !== bound(b)) return bound(a) - bound(b);
  if (created(a) !== created(b)) return created(a) < created(b) ? -1 : 1;
  return a.metadata.name < b.metadata.name ? -1 : 1;
}

export interface UpdateBounds {
  readonly maxSurge: number;
  readonly maxUnavailable: number;
}

/** Shares are of the nodes that should have a pod, rounded up. Both being 0 would stop every update. */
export function updateBounds({ spec }: DaemonSet, desired: number): UpdateBounds {
  if (spec?.updateStrategy?.type !== 'RollingUpdate') return { maxSurge: 0, maxUnavailable: 0 };
  const { maxSurge = 0, maxUnavailable = 1 } = spec.updateStrategy.rollingUpdate ?? {};
  const surge = resolveIntOrPercent(maxSurge, desired, 'up') ?? 0;
  const unavailable = resolveIntOrPercent(maxUnavailable, desired, 'up') ?? 0;
  return { maxSurge: surge, maxUnavailable: surge === 0 && unavailable === 0 ? 1 : unavailable };
}
