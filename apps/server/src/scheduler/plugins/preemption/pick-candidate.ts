import type { PreemptionCandidate } from '../../framework/extender';
import { startedAt } from './importance';

/** Added to every victim's priority in sums, so that each victim counts, those of negative priority too. */
const PRIORITY_OFFSET = 2 ** 31;

/**
 * Kubernetes' order of preference among nodes: the fewest broken budgets; the least important most important victim;
 * the least sum of priorities; the fewest victims; the most important victims started last; the first of the rest.
 */
const CRITERIA: readonly ((candidate: PreemptionCandidate) => number)[] = [
  ({ violations }) => violations,
  ({ victims }) => victims[0]?.priority ?? Number.NEGATIVE_INFINITY,
  ({ victims }) => victims.reduce((sum, { priority }) => sum + priority + PRIORITY_OFFSET, 0),
  ({ victims }) => victims.length,
  (candidate) => -earliestStartOfTop(candidate),
];

/** The node to make room on; undefined when there are none. Ties go to the first. */
export function pickCandidate(candidates: readonly PreemptionCandidate[]): PreemptionCandidate | undefined {
  let left = candidates;
  for (const cost of CRITERIA) {
    if (left.length <= 1) break;
    const costs = left.map(cost);
    const least = costs.reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY);
    left = left.filter((_, index) => costs[index] === least);
  }
  return left[0];
}

/** When the first of the most important victims was started. */
function earliestStartOfTop({ victims }: PreemptionCandidate): number {
  const top = victims[0]?.priority;
  return victims
    .filter(({ priority }) => priority === top)
    .reduce((earliest, victim) => Math.min(earliest, startedAt(victim)), Number.POSITIVE_INFINITY);
}
