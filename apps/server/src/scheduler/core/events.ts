import type { Framework } from '../framework/framework';
import type { Nominations } from '../framework/nominations';
import type { ClusterEvent, ClusterEventKind } from '../framework/plugin';
import type { Hint } from '../queue/scheduling-queue';
import type { NodeInfo } from '../snapshot/node-info';
import type { PodInfo } from '../snapshot/pod-info';
import type { Snapshot } from '../snapshot/snapshot';
import type { Verdict } from './decide';
import { refusalOn } from './refusal-on';

export interface HintInput {
  readonly event: ClusterEvent;
  readonly member: PodInfo;
  readonly verdict: Verdict;
  readonly framework: Framework;
  readonly snapshot: Snapshot;
  readonly nominations: Nominations;
}

/**
 * What an event means for a refused pod. On a node the filters themselves are asked; beyond that the plugins that
 * refused say whether an event of this kind can turn their verdict.
 */
export function hintOf({ event, member, verdict, framework, snapshot, nominations }: HintInput): Hint {
  const node = event.node === undefined ? undefined : snapshot.node(event.node);
  if (node) {
    const by = refuserOn(node, { member, framework, snapshot, nominations });
    if (by === undefined) return 'fits';
    // Another one than before: what the verdict waits for is not all any more, so it has to be told anew.
    if (!verdict.plugins.has(by)) return 'maybe';
  }
  for (const name of verdict.plugins) {
    const plugin = framework.filter(name);
    if (!plugin) return 'maybe';
    if (!plugin.retryOn.includes(event.kind)) continue;
    if (plugin.hint) {
      if (plugin.hint(event, member) === 'queue') return 'maybe';
    } else if (!node || plugin.scope === 'cluster') return 'maybe';
  }
  return 'no';
}

/** The plugin that would refuse the node now. */
function refuserOn(
  node: NodeInfo,
  { member, framework, snapshot, nominations }: Omit<HintInput, 'event' | 'verdict'>,
): string | undefined {
  const cycle = { pod: member, snapshot };
  const prepared = framework.prepare(cycle);
  if (prepared.kind === 'reject') return prepared.by;
  if (prepared.onlyNodes && !prepared.onlyNodes.names.has(node.name)) return prepared.onlyNodes.by;
  return refusalOn({ framework, cycle, filters: prepared.filters, nominations }, node)?.filter.plugin.name;
}

/**
 * Nodes can help in every case: one that came after the verdict may refuse at first for reasons that the verdict
 * does not know (not ready yet, no resources reported yet), so its changes count as well. The refusing plugins know
 * what else can.
 */
export function retryEvents(framework: Framework, verdict: Verdict): Set<ClusterEventKind> {
  const kinds = new Set<ClusterEventKind>(['node-added', 'node-changed']);
  if (verdict.plugins.size === 0) kinds.add('pod-removed');
  for (const name of verdict.plugins) {
    const plugin = framework.filter(name);
    const known = plugin ? plugin.retryOn : (['pod-removed', 'pod-placed', 'other'] as const);
    for (const kind of known) kinds.add(kind);
  }
  return kinds;
}
