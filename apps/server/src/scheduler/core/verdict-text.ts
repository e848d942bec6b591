import type { Verdict } from './decide';

/**
 * The sentence that events and the PodScheduled condition carry, in Kubernetes' form:
 * `0/3 nodes are available: 1 Insufficient cpu, 2 node(s) were unschedulable.`
 */
export function verdictText(verdict: Omit<Verdict, 'plugins'>): string {
  if (verdict.nodes === 0) return 'no nodes available to schedule pods';
  const head = `0/${verdict.nodes} nodes are available`;
  const tail = verdict.postFilter ? ` ${verdict.postFilter}` : '';
  if (verdict.whole) return `${head}: ${verdict.whole}.${tail}`;
  const counted = [...verdict.reasons].map(([reason, count]) => `${count} ${reason}`).sort();
  return `${head}: ${counted.join(', ')}.${tail}`;
}
