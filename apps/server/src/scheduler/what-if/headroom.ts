import { type ActiveFilter, type Framework, firstRefusal } from '../framework/framework';
import type { Cycle } from '../framework/plugin';
import type { NodeInfo } from '../snapshot/node-info';
import type { PodInfo } from '../snapshot/pod-info';
import type { SnapshotView } from '../snapshot/snapshot';
import { describeLimit, type Limit, tally } from './limits';

export interface HeadroomCount {
  /** How many copies of the pod fit beside what is there. */
  readonly copies: number;
  /** What stops the next one, per kind of limit. */
  readonly limits: readonly Limit[];
}

/**
 * Counts how many more copies fit, without placing them one by one. Possible when every filter that has something
 * to check looks at the node alone: then each node's room is its own, and the sum is what any order of placing
 * arrives at. Undefined when it is not possible.
 */
export function countHeadroom(
  framework: Framework,
  snapshot: SnapshotView,
  pod: PodInfo,
): HeadroomCount | undefined {
  const cycle: Cycle = { pod, snapshot };
  const prepared = framework.prepare(cycle);
  if (prepared.kind === 'reject') {
    return {
      copies: 0,
      limits: [{ limit: prepared.rejection.reasons.join(', '), nodes: snapshot.nodes.length }],
    };
  }
  if (prepared.filters.some(({ plugin }) => plugin.scope === 'cluster')) return undefined;
  let copies = 0;
  const limits: string[] = [];
  for (const node of snapshot.nodes) {
    if (prepared.onlyNodes && !prepared.onlyNodes.names.has(node.name)) {
      limits.push('the pod asks for other nodes');
      continue;
    }
    const room = roomOn(cycle, node, prepared.filters);
    if (!Number.isFinite(room.copies)) return undefined;
    copies += room.copies;
    limits.push(room.limit);
  }
  return { copies, limits: tally(limits) };
}

function roomOn(
  cycle: Cycle,
  node: NodeInfo,
  filters: readonly ActiveFilter[],
): { copies: number; limit: string } {
  const refusal = firstRefusal(cycle, node, filters);
  if (refusal) {
    const { plugin, state } = refusal.filter;
    const [shortfall] = plugin.shortfalls?.(cycle, node, state) ?? [];
    return { copies: 0, limit: shortfall ? describeLimit(shortfall) : (refusal.rejection.reasons[0] ?? '') };
  }
  let copies = Number.POSITIVE_INFINITY;
  let limit = '';
  for (const { plugin, state } of filters) {
    const room = plugin.headroom?.(cycle, node, state);
    if (!room || room.copies >= copies) continue;
    copies = room.copies;
    limit = room.limitedBy ? describeLimit(room.limitedBy) : plugin.name;
  }
  return { copies, limit };
}
