import type { Pod } from 'kubernetes-types/core/v1';
import { isActive, isReady, readySince } from '../machinery/pods';

const DELETION_COST = 'controller.kubernetes.io/pod-deletion-cost';
const PHASES: Readonly<Record<string, number>> = { Pending: 0, Unknown: 1, Running: 2 };

/**
 * Pods in the order in which a scale-down takes them, by Kubernetes' criteria, each deciding only where the ones
 * before it do not: without a node first; pending before unknown before running; not ready first; lower deletion
 * cost first; more pods of the same workload on the node first; ready for a shorter time first; more restarts
 * first; younger first. Names decide in the end, so that the order is always the same.
 */
export function rankForDeletion<P extends Pod>(pods: readonly P[], related: readonly Pod[]): P[] {
  const perNode = new Map<string, number>();
  for (const pod of related) {
    const node = pod.spec?.nodeName;
    if (node && isActive(pod)) perNode.set(node, (perNode.get(node) ?? 0) + 1);
  }
  const ranked = pods.map((pod) => ({
    pod,
    order: [
      pod.spec?.nodeName ? 1 : 0,
      PHASES[pod.status?.phase ?? 'Pending'] ?? 2,
      isReady(pod) ? 1 : 0,
      deletionCost(pod),
      -(perNode.get(pod.spec?.nodeName ?? '') ?? 0),
      -(readySince(pod) ?? 0),
      -restarts(pod),
      -(Date.parse(pod.metadata?.creationTimestamp ?? '') || 0),
    ],
  }));
  ranked.sort((a, b) => {
    for (const [index, left] of a.order.entries()) {
      const right = b.order[index] ?? 0;
      if (left !== right) return left - right;
    }
    return (a.pod.metadata?.name ?? '') < (b.pod.metadata?.name ?? '') ? -1 : 1;
  });
  return ranked.map(({ pod }) => pod);
}

/** A whole number of 32 bits; anything else counts as 0, as in Kubernetes. */
function deletionCost(pod: Pod): number {
  const text = pod.metadata?.annotations?.[DELETION_COST] ?? '0';
  if (!/^(0|-?[1-9]\d{0,9})$/.test(text)) return 0;
  const cost = Number(text);
  return Math.abs(cost) <= 2 ** 31 - 1 ? cost : 0;
}

function restarts(pod: Pod): number {
  return Math.max(0, ...(pod.status?.containerStatuses ?? []).map(({ restartCount }) => restartCount));
}
