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
  // One allocation for all: typed arrays of this size live outside the heap and are dear to make.
  const { length } = nodes;
  const memory = new Float64Array((active.length + 1) * length);
  const totals = memory.subarray(0, length);
  const perPlugin: Scored['perPlugin'][number][] = [];
  for (const { plugin, weight, state } of active) {
    const offset = (perPlugin.length + 1) * length;
    const scores = memory.subarray(offset, offset + length);
    for (let i = 0; i < length; i++) scores[i] = plugin.score(cycle, nodes[i] as NodeInfo, state);
    plugin.normalize?.(cycle, nodes, scores, state);
    for (let i = 0; i < length; i++) totals[i] = (totals[i] as number) + weight * (scores[i] as number);
    perPlugin.push({ plugin: plugin.name, weight, scores });
  }
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
  const wanted = count - 1;
  /** Indexes of the best others so far, the best first. */
  const leaders: number[] = [];
  for (let i = 0; i < nodes.length; i++) {
    if (nodes[i] === chosen) continue;
    const total = totals[i] as number;
    if (leaders.length >= wanted && total <= (totals[leaders[wanted - 1] as number] as number)) continue;
    let place = leaders.length;
    while (place > 0 && (totals[leaders[place - 1] as number] as number) < total) place--;
    leaders.splice(place, 0, i);
    if (leaders.length > wanted) leaders.pop();
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
