import type { ActiveScore } from '../framework/framework';
import type { Cycle } from '../framework/plugin';
import type { NodeInfo } from '../snapshot/node-info';

/** The scores of one cycle; all arrays have one entry per node, in the nodes' order. */
export interface Scored {
  readonly nodes: readonly NodeInfo[];
  /** Sums of scores times weights. */
  readonly totals: Float64Array;
  /** Normalised scores, 0 to 100, before weights. */
  readonly perPlugin: readonly {
    readonly plugin: string;
    readonly weight: number;
    readonly scores: Float64Array;
  }[];
}

/** One node's scores, for explanations. */
export interface NodeScore {
  readonly node: string;
  readonly total: number;
  readonly scores: readonly { readonly plugin: string; readonly score: number; readonly weight: number }[];
}

/** Asks the plugins; `extra` (by node name) is added to the totals, from whoever else has a say. */
export function scoreNodes(
  cycle: Cycle,
  nodes: readonly NodeInfo[],
  active: readonly ActiveScore[],
  extra?: ReadonlyMap<string, number>,
): Scored {
  const totals = new Float64Array(nodes.length);
  const perPlugin = active.map(({ plugin, weight, state }) => {
    const scores = new Float64Array(nodes.length);
    for (let i = 0; i < nodes.length; i++) scores[i] = plugin.score(cycle, nodes[i] as NodeInfo, state);
    plugin.normalize?.(cycle, nodes, scores, state);
    for (let i = 0; i < nodes.length; i++) totals[i] = (totals[i] as number) + weight * (scores[i] as number);
    return { plugin: plugin.name, weight, scores };
  });
  if (extra?.size) {
    const scores = Float64Array.from(nodes, ({ name }) => extra.get(name) ?? 0);
    for (let i = 0; i < nodes.length; i++) totals[i] = (totals[i] as number) + (scores[i] as number);
    perPlugin.push({ plugin: 'Extenders', weight: 1, scores });
  }
  return { nodes, totals, perPlugin };
}

/** The nodes with the best total, more than one when they are equal; in the order in which they were looked at. */
export function bestNodes({ nodes, totals }: Scored): NodeInfo[] {
  let best = Number.NEGATIVE_INFINITY;
  let ties: NodeInfo[] = [];
  for (let i = 0; i < nodes.length; i++) {
    const total = totals[i] as number; // one total per node
    if (total < best) continue;
    const node = nodes[i] as NodeInfo;
    if (total > best) {
      best = total;
      ties = [node];
    } else ties.push(node);
  }
  return ties;
}

/** The chosen node's scores, then those of the best others. */
export function leadingScores(scored: Scored, chosen: NodeInfo, count: number): NodeScore[] {
  const { nodes, totals } = scored;
  const leaders: number[] = [];
  for (let i = 0; i < nodes.length; i++) {
    if (nodes[i] === chosen) continue;
    const worst = leaders.at(-1);
    if (
      leaders.length >= count - 1 &&
      worst !== undefined &&
      (totals[i] as number) <= (totals[worst] as number)
    ) {
      continue;
    }
    leaders.push(i);
    leaders.sort((a, b) => (totals[b] as number) - (totals[a] as number));
    if (leaders.length > count - 1) leaders.pop();
  }
  return [nodes.indexOf(chosen), ...leaders].map((index) => scoresAt(scored, index));
}

export function scoresAt({ nodes, totals, perPlugin }: Scored, index: number): NodeScore {
  return {
    node: nodes[index]?.name ?? '',
    total: totals[index] ?? 0,
    scores: perPlugin.map(({ plugin, weight, scores }) => ({ plugin, score: scores[index] ?? 0, weight })),
  };
}
