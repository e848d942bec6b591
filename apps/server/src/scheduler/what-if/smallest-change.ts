import { allRefusals, type Framework } from '../framework/framework';
import type { Cycle } from '../framework/plugin';
import type { Shortfall } from '../framework/rejection';
import { changeText, distance } from './change-words';

/** Beyond this many nodes the closest of these is good enough. */
const MAX_NODES = 1_000;

/** The least that would have to change for the pod to fit somewhere, over all nodes (of very many, over some). */
export function smallestChange(
  framework: Framework,
  cycle: Cycle,
): { readonly node: string; readonly text: string } | undefined {
  const prepared = framework.prepare(cycle);
  if (prepared.kind === 'reject') return undefined;
  let best: { node: string; shortfalls: readonly Shortfall[]; distance: number } | undefined;
  for (const node of cycle.snapshot.nodes.slice(0, MAX_NODES)) {
    const refusals = allRefusals(cycle, node, prepared.filters);
    const shortfalls: Shortfall[] = [];
    // A change can be named only when every refusing plugin says what it lacks.
    let isKnown = refusals.length > 0;
    for (const { plugin, state } of refusals) {
      const short = plugin.shortfalls?.(cycle, node, state) ?? [];
      if (short.length === 0) isKnown = false;
      shortfalls.push(...short);
    }
    if (!isKnown) continue;
    const far = distance(shortfalls);
    if (!best || far < best.distance) best = { node: node.name, shortfalls, distance: far };
  }
  return best && { node: best.node, text: changeText(best.node, best.shortfalls) };
}
