import { type ActiveFilter, type Framework, firstRefusal } from '../framework/framework';
import type { Cycle } from '../framework/plugin';
import type { Rejection } from '../framework/rejection';
import type { NodeInfo } from '../snapshot/node-info';
import type { PodInfo } from '../snapshot/pod-info';
import type { SnapshotView } from '../snapshot/snapshot';
import { wantedCandidates } from './sampling';
import { bestNodes, leadingScores, type NodeScore, scoreNodes } from './score';

/**
 * What a sequence of decisions carries from one to the next besides the snapshot. Two sequences that start from
 * equal cursors, equal snapshots and equal pods decide alike; a preview starts from a copy of the real one.
 */
export interface Cursor {
  /** Where the search for candidates begins, so that large clusters are used all around. */
  start: number;
}

/** Chooses among nodes of equal, best score; `candidates` are in the order in which they were looked at. */
export type TieBreaker = (candidates: readonly NodeInfo[], cycle: Cycle) => NodeInfo;

/** The node with the fewest pods, then the first looked at: needs no chance, so a preview can foresee it. */
export const fewestPodsFirst: TieBreaker = (candidates) => {
  let best = candidates[0] as NodeInfo; // callers pass at least two candidates
  for (const node of candidates) if (node.pods.size < best.pods.size) best = node;
  return best;
};

export type Decision =
  | {
      readonly kind: 'placed';
      readonly node: string;
      /** How many nodes were looked at, and how many of them fit. */
      readonly evaluated: number;
      readonly feasible: number;
      /** The chosen node's scores first, then the best others'; as many as were asked to be kept. */
      readonly scores: readonly NodeScore[];
    }
  | { readonly kind: 'unschedulable'; readonly verdict: Verdict };

/** Why a pod fits nowhere. */
export interface Verdict {
  readonly nodes: number;
  /** Nodes per reason text. */
  readonly reasons: ReadonlyMap<string, number>;
  /** Names of the plugins that refused. */
  readonly plugins: ReadonlySet<string>;
  /** Set when a pre-filter refused the pod as such, in its own words. */
  readonly whole?: string;
}

export interface DecideOptions {
  readonly tieBreaker?: TieBreaker;
  /** Fitting nodes to find before scoring; default by cluster size, see `wantedCandidates`. */
  readonly candidates?: (nodes: number) => number;
  /** Keep the scores of so many nodes with the decision; default none. */
  readonly keepScores?: number;
}

/**
 * Finds the node for one pod. Pure but for the cursor, which moves on. Nothing is placed: the caller adds the pod
 * to the snapshot if it wants to.
 */
export function decide(
  framework: Framework,
  snapshot: SnapshotView,
  pod: PodInfo,
  cursor: Cursor,
  options: DecideOptions = {},
): Decision {
  const cycle: Cycle = { pod, snapshot };
  const { nodes } = snapshot;
  const prepared = framework.prepare(cycle);
  if (prepared.kind === 'reject') return refusedAsSuch(prepared.by, prepared.rejection, nodes.length);
  const { filters, onlyNodes } = prepared;

  const considered = onlyNodes ? nodes.filter((node) => onlyNodes.names.has(node.name)) : nodes;
  const total = considered.length;
  const wanted = (options.candidates ?? wantedCandidates)(total);
  const start = onlyNodes || total === 0 ? 0 : cursor.start % total;
  const fitting: NodeInfo[] = [];
  const refusals = new RefusalCount();
  let looked = 0;
  while (looked < total && fitting.length < wanted) {
    let position = start + looked++;
    if (position >= total) position -= total;
    const node = considered[position] as NodeInfo; // position < total
    const refusal = firstRefusal(cycle, node, filters);
    if (refusal) refusals.add(refusal.filter, refusal.rejection);
    else fitting.push(node);
  }
  if (!onlyNodes && total > 0) cursor.start = (start + looked) % total;

  if (fitting.length === 0) {
    if (onlyNodes) refusals.addMany(onlyNodes.by, onlyNodes.rejection, nodes.length - total);
    return { kind: 'unschedulable', verdict: refusals.verdict(nodes.length) };
  }
  const scored = scoreNodes(
    cycle,
    fitting,
    fitting.length > 1 ? framework.prepareScores(cycle, fitting) : [],
  );
  const ties = bestNodes(scored);
  const best =
    ties.length === 1 ? (ties[0] as NodeInfo) : (options.tieBreaker ?? fewestPodsFirst)(ties, cycle);
  return {
    kind: 'placed',
    node: best.name,
    evaluated: looked,
    feasible: fitting.length,
    scores: options.keepScores ? leadingScores(scored, best, options.keepScores) : [],
  };
}

/** Counts refusals by identity first (they are shared constants), by text only at the end. */
class RefusalCount {
  #byRejection = new Map<Rejection, number>();
  #plugins = new Set<string>();

  add({ plugin }: ActiveFilter, rejection: Rejection): void {
    this.addMany(plugin.name, rejection, 1);
  }

  addMany(plugin: string, rejection: Rejection, count: number): void {
    if (count === 0) return;
    this.#plugins.add(plugin);
    this.#byRejection.set(rejection, (this.#byRejection.get(rejection) ?? 0) + count);
  }

  verdict(nodes: number): Verdict {
    const reasons = new Map<string, number>();
    for (const [rejection, count] of this.#byRejection) {
      for (const reason of rejection.reasons) reasons.set(reason, (reasons.get(reason) ?? 0) + count);
    }
    return { nodes, reasons, plugins: this.#plugins };
  }
}

function refusedAsSuch(plugin: string, refusal: Rejection, nodes: number): Decision {
  return {
    kind: 'unschedulable',
    verdict: {
      nodes,
      reasons: new Map(),
      plugins: new Set([plugin]),
      whole: refusal.reasons.join(', '),
    },
  };
}
