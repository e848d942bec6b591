import type { Node, NodeCondition } from 'kubernetes-types/core/v1';

/** What the kubelet reports about its node; all of it is unknown once the kubelet is silent. */
const REPORTED = ['Ready', 'MemoryPressure', 'DiskPressure', 'PIDPressure'] as const;

/**
 * The sign of life last seen of a node. `seenAt` is when *this* process saw it change, in monotonic milliseconds:
 * clocks of nodes need not agree with ours, and after a restart every node has its full grace again.
 */
export interface SignOfLife {
  readonly mark: string;
  readonly seenAt: number;
}

/** Changes whenever the kubelet renews its lease or posts its status. */
export function lifeMark(node: Node | undefined, leaseRenewal: string | undefined): string {
  const ready = node?.status?.conditions?.find(({ type }) => type === 'Ready');
  return `${leaseRenewal ?? ''}/${ready?.lastHeartbeatTime ?? ''}`;
}

/** The later of two observations: the same mark keeps the time at which it was first seen. */
export function observe(previous: SignOfLife | undefined, mark: string, now: number): SignOfLife {
  return previous?.mark === mark ? previous : { mark, seenAt: now };
}

export function readyStatus(node: Node): string {
  return node.status?.conditions?.find(({ type }) => type === 'Ready')?.status ?? 'Unknown';
}

/**
 * The conditions of a node whose kubelet has been silent beyond its grace, or undefined when they already say so.
 * Heartbeat times stay: they tell when it was last heard of.
 */
export function silentConditions(node: Node, now: Date): NodeCondition[] | undefined {
  const time = now.toISOString().replace(/\.\d+Z$/, 'Z');
  const conditions = [...(node.status?.conditions ?? [])];
  let changed = false;
  for (const type of REPORTED) {
    const index = conditions.findIndex((condition) => condition.type === type);
    const current = conditions[index];
    if (current?.status === 'Unknown') continue;
    changed = true;
    if (!current) {
      conditions.push({
        type,
        status: 'Unknown',
        reason: 'NodeStatusNeverUpdated',
        message: 'Kubelet never posted node status.',
        ...(node.metadata?.creationTimestamp ? { lastHeartbeatTime: node.metadata.creationTimestamp } : {}),
        lastTransitionTime: time,
      });
    } else {
      conditions[index] = {
        ...current,
        status: 'Unknown',
        reason: 'NodeStatusUnknown',
        message: 'Kubelet stopped posting node status.',
        lastTransitionTime: time,
      };
    }
  }
  return changed ? conditions : undefined;
}
