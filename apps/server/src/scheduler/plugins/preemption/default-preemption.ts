import type { PreemptionCandidate } from '../../framework/extender';
import type { Cycle, FailedAttempt, Plugin, PostFilterResult } from '../../framework/plugin';
import type { PodInfo } from '../../snapshot/pod-info';
import type { BudgetsIn } from './budgets';
import { pickCandidate } from './pick-candidate';
import { victimsOn } from './victims';

export interface PreemptionArgs {
  /** How many candidates to look for: this share of the nodes, in a hundred … Default 10. */
  readonly minCandidateNodesPercentage?: number;
  /** … and not fewer than this. Default 100. */
  readonly minCandidateNodesAbsolute?: number;
}

const NO_VICTIMS = 'No preemption victims found for incoming pod';
const NOT_HELPFUL = 'Preemption is not helpful for scheduling';

/** Makes room for a pod that fits nowhere by having less important pods leave one node. */
export function defaultPreemption(budgetsIn: BudgetsIn, args: PreemptionArgs = {}): Plugin {
  return {
    name: 'DefaultPreemption',

    postFilter({ pod, snapshot }: Cycle, attempt: FailedAttempt): PostFilterResult {
      const never = pod.pod.spec?.preemptionPolicy === 'Never';
      if (never) return { message: 'preemption: not eligible due to preemptionPolicy=Never.' };
      if (victimsAreLeaving(pod, attempt)) {
        return {
          keep: true,
          message: 'preemption: not eligible due to a terminating pod on the nominated node.',
        };
      }
      const nodes = snapshot.nodes.length;
      if (nodes === 0) return {};
      const { resolvable } = attempt;
      // Most refused pods are no more important than any other: nothing to look for then.
      const candidates = attempt.snapshot.hasBelow(pod.priority)
        ? findCandidates(pod, attempt, wantedCandidates(nodes, args), budgetsIn)
        : [];
      const best = pickCandidate(candidates);
      if (!best) return { message: `preemption: ${failure(nodes, resolvable.length)}` };
      return { nominate: best.node, evict: best.victims, candidates };
    },
  };
}

/** While pods that were evicted for this one are on their way out, no others need to be. */
function victimsAreLeaving(
  pod: PodInfo,
  { nominations, resolvable, snapshot, isLeaving }: FailedAttempt,
): boolean {
  const nominated = nominations.nodeOf(pod.uid);
  const node = nominated === undefined ? undefined : snapshot.node(nominated);
  // Should the node not do whoever leaves, another one is looked for.
  if (!node || !resolvable.some(({ name }) => name === node.name)) return false;
  for (const other of node.pods.values()) {
    if (other.priority < pod.priority && (other.terminating || isLeaving(other.uid))) return true;
  }
  return false;
}

function wantedCandidates(
  nodes: number,
  { minCandidateNodesPercentage = 10, minCandidateNodesAbsolute = 100 }: PreemptionArgs,
): number {
  return Math.min(
    nodes,
    Math.max(minCandidateNodesAbsolute, Math.floor((nodes * minCandidateNodesPercentage) / 100)),
  );
}

/** Looks until enough candidates are found, at least one of which breaks no budget. */
function findCandidates(
  pod: PodInfo,
  attempt: FailedAttempt,
  wanted: number,
  budgetsIn: BudgetsIn,
): PreemptionCandidate[] {
  const { resolvable } = attempt;
  const found: PreemptionCandidate[] = [];
  let harmless = false;
  for (const node of resolvable) {
    // Trials replace nodes of the snapshot: the one of now is meant.
    const current = attempt.snapshot.node(node.name);
    if (!current?.hasBelow(pod.priority)) continue;
    const candidate = victimsOn(current, pod, attempt, budgetsIn);
    if (!candidate) continue;
    found.push(candidate);
    harmless ||= candidate.violations === 0;
    if (harmless && found.length >= wanted) break;
  }
  return found;
}

function failure(nodes: number, resolvable: number): string {
  const parts = [
    ...(resolvable > 0 ? [`${resolvable} ${NO_VICTIMS}`] : []),
    ...(nodes > resolvable ? [`${nodes - resolvable} ${NOT_HELPFUL}`] : []),
  ];
  return `0/${nodes} nodes are available: ${parts.join(', ')}.`;
}
