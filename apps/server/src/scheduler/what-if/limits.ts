import type { Verdict } from '../core/decide';
import type { Shortfall } from '../framework/rejection';

/** What keeps the next pod off, and on how many nodes it does. */
export interface Limit {
  /** A clause that can stand before `on 3 nodes`: `memory is the limit`. */
  readonly limit: string;
  readonly nodes: number;
}

const RESOURCES: Readonly<Record<string, string>> = {
  cpu: 'CPU',
  memory: 'memory',
  'ephemeral-storage': 'disk space',
  pods: 'the number of pods',
};

export function describeLimit(shortfall: Shortfall): string {
  switch (shortfall.kind) {
    case 'resource':
      return `${RESOURCES[shortfall.resource] ?? shortfall.resource} is the limit`;
    case 'taint':
      return `the taint ${shortfall.key}${shortfall.value ? `=${shortfall.value}` : ''} keeps the pod off`;
    case 'label':
      return `the label ${shortfall.key} is not what the pod asks for`;
    case 'node-name':
      return 'the pod asks for another node';
    case 'unschedulable':
      return 'scheduling is switched off';
    case 'volume':
      return 'a volume is the limit';
    case 'port':
      return `port ${shortfall.port} is taken`;
    case 'spread':
      return `the spread over ${shortfall.topologyKey} is the limit`;
    case 'affinity':
      return `the pod's ${shortfall.term === 'affinity' ? 'affinity' : 'anti-affinity'} is the limit`;
  }
}

/** Counts equal clauses, most frequent first. */
export function tally(limits: readonly string[]): Limit[] {
  const counts = new Map<string, number>();
  for (const limit of limits) counts.set(limit, (counts.get(limit) ?? 0) + 1);
  return [...counts].map(([limit, nodes]) => ({ limit, nodes })).sort((a, b) => b.nodes - a.nodes);
}

/** For limits that are known only as the texts of a verdict. */
export function limitsOfVerdict({ reasons, whole, nodes }: Verdict): Limit[] {
  if (whole) return [{ limit: whole, nodes }];
  return [...reasons].map(([limit, count]) => ({ limit, nodes: count })).sort((a, b) => b.nodes - a.nodes);
}

/** `memory is the limit on every node`, or `CPU is the limit on 2 nodes, scheduling is switched off on 1 node`. */
export function limitSentence(limits: readonly Limit[], nodes: number): string {
  if (nodes === 0) return 'there are no nodes';
  const [only] = limits;
  if (only && limits.length === 1 && only.nodes >= nodes) {
    return `${only.limit} on ${nodes === 1 ? 'the only node' : 'every node'}`;
  }
  const shown = limits.slice(0, 3).map(({ limit, nodes: count }) => `${limit} on ${countNodes(count)}`);
  const rest = limits.slice(3).reduce((sum, { nodes: count }) => sum + count, 0);
  return [...shown, ...(rest > 0 ? [`other reasons on ${countNodes(rest)}`] : [])].join(', ');
}

function countNodes(count: number): string {
  return `${count} node${count === 1 ? '' : 's'}`;
}
