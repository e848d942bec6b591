import type { ActiveFilter, Framework } from '../framework/framework';
import type { Nominations } from '../framework/nominations';
import type { Cycle } from '../framework/plugin';
import type { Rejection } from '../framework/rejection';
import type { NodeInfo } from '../snapshot/node-info';
import type { PodInfo } from '../snapshot/pod-info';
import type { Snapshot } from '../snapshot/snapshot';
import { type FilterPass, type Refused, refusalOn } from './refusal-on';
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
  | {
      readonly kind: 'unschedulable';
      readonly verdict: Verdict;
      /** The nodes that could do if pods left. */
      readonly resolvable: readonly NodeInfo[];
    };

/** Why a pod fits nowhere. */
export interface Verdict {
  readonly nodes: number;
  /** Nodes per reason text. */
  readonly reasons: ReadonlyMap<string, number>;
  /** Names of the plugins that refused. */
  readonly plugins: ReadonlySet<string>;
  /** Set when a pre-filter refused the pod as such, in its own words. */
  readonly whole?: string;
  /** What came of the attempt to make room, in its own words. */
  readonly postFilter?: string;
}

export interface DecideOptions {
  readonly tieBreaker?: TieBreaker;
  /** Fitting nodes to find before scoring; default by cluster size, see `wantedCandidates`. */
  readonly candidates?: (nodes: number) => number;
  /** Keep the scores of so many nodes with the decision; default none. */
  readonly keepScores?: number;
  /** Places that are kept for pods. */
  readonly nominations?: Nominations;
}

/** The nodes that fit, before one of them is chosen. */
export interface Search {
  readonly kind: 'found';
  readonly cycle: Cycle;
  /** In the order in which they were looked at; never empty. */
  readonly fitting: readonly NodeInfo[];
  readonly evaluated: number;
}

/**
 * Finds the node for one pod. Pure but for the cursor, which moves on. Nothing is placed: the caller adds the pod
 * to the snapshot if it wants to.
 */
export function decide(
  framework: Framework,
  snapshot: Snapshot,
  pod: PodInfo,
  cursor: Cursor,
  options: DecideOptions = {},
): Decision {
  const found = search(framework, snapshot, pod, cursor, options);
  return found.kind === 'found' ? choose(framework, found, options) : found;
}

/** The first half of a decision: which nodes fit. */
export function search(
  framework: Framework,
  snapshot: Snapshot,
  pod: PodInfo,
  cursor: Cursor,
  options: DecideOptions = {},
): Search | Extract<Decision, { kind: 'unschedulable' }> {
  const cycle = { pod, snapshot };
  const { nodes } = snapshot;
  const prepared = framework.prepare(cycle);
  if (prepared.kind === 'reject') return refusedAsSuch(prepared.by, prepared.rejection, nodes.length);
  const { filters, onlyNodes } = prepared;
  const { nominations } = options;
  const pass: FilterPass = { framework, cycle, filters, nominations };

  const kept = keptNode(pass);
  if (kept && (onlyNodes?.names.has(kept.name) ?? true) && !refusalOn(pass, kept)) {
    return { kind: 'found', cycle, fitting: [kept], evaluated: 1 };
  }
  const considered = onlyNodes ? nodes.filter((node) => onlyNodes.names.has(node.name)) : nodes;
  const total = considered.length;
  const wanted = options.candidates?.(total) ?? wantedCandidates(total, framework.percentageOfNodesToScore);
  const start = onlyNodes || total === 0 ? 0 : cursor.start % total;
  const fitting: NodeInfo[] = [];
  const refused: (Refused | undefined)[] = [];
  const quick: FilterPass = { ...pass, filters: quickFirst(filters) };
  const at = (place: number) => considered[(start + place) % total] as NodeInfo; // place < total
  let looked = 0;
  while (looked < total && fitting.length < wanted) {
    const node = at(looked);
    const refusal = refusalOn(quick, node);
    if (!refusal) fitting.push(node);
    else if (fitting.length === 0) refused[looked] = refusal;
    looked++;
  }
  if (!onlyNodes && total > 0) cursor.start = (start + looked) % total;

  if (fitting.length > 0) return { kind: 'found', cycle, fitting, evaluated: looked };
  const resolvable: NodeInfo[] = [];
  const refusals = new RefusalCount();
  for (const [place, known] of refused.entries()) {
    const node = at(place);
    const refusal = quick.filters === filters ? known : refusalOn(pass, node);
    if (!refusal) continue;
    refusals.add(refusal.filter, refusal.rejection);
    if (!refusal.rejection.unresolvable) resolvable.push(node);
  }
  if (onlyNodes) refusals.addMany(onlyNodes.by, onlyNodes.rejection, nodes.length - total);
  return { kind: 'unschedulable', verdict: refusals.verdict(nodes.length), resolvable };
}

/** The second half: which of the fitting nodes it is. `extra` is added to the nodes' totals, by name. */
export function choose(
  framework: Framework,
  { cycle, fitting, evaluated }: Search,
  options: DecideOptions = {},
  extra?: ReadonlyMap<string, number>,
): Extract<Decision, { kind: 'placed' }> {
  const active = fitting.length > 1 ? framework.prepareScores(cycle, fitting) : [];
  const scored = scoreNodes(cycle, fitting, active, extra);
  const ties = bestNodes(scored);
  const best =
    ties.length === 1 ? (ties[0] as NodeInfo) : (options.tieBreaker ?? fewestPodsFirst)(ties, cycle);
  return {
    kind: 'placed',
    node: best.name,
    evaluated,
    feasible: fitting.length,
    scores: options.keepScores ? leadingScores(scored, best, options.keepScores) : [],
  };
}

/** Whoever refuses a node that is not needed need not be the first in the profile's order. */
function quickFirst(filters: readonly ActiveFilter[]): readonly ActiveFilter[] {
  const quick = filters.filter(({ plugin }) => plugin.isQuick);
  return quick.length === 0 ? filters : [...quick, ...filters.filter(({ plugin }) => !plugin.isQuick)];
}

/** The node that is kept for the pod: it is looked at before any other. */
function keptNode({ cycle, nominations }: FilterPass): NodeInfo | undefined {
  const name = nominations?.nodeOf(cycle.pod.uid);
  return name === undefined ? undefined : cycle.snapshot.node(name);
}

/** Counts refusals by identity first (they are shared constants), by text only at the end. */
class RefusalCount {
  #byRejection = new Map<Rejection, number>();
  #plugins = new Set<string>();

  add({ plugin }: Pick<ActiveFilter, 'plugin'>, rejection: Rejection): void {
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

function refusedAsSuch(
  plugin: string,
  refusal: Rejection,
  nodes: number,
): Extract<Decision, { kind: 'unschedulable' }> {
  return {
    kind: 'unschedulable',
    verdict: {
      nodes,
      reasons: new Map(),
      plugins: new Set([plugin]),
      whole: refusal.reasons.join(', '),
    },
    resolvable: [],
  };
}
