import { verdictText } from '../../core/verdict-text';
import type { PreemptionCandidate } from '../../framework/extender';
import type { Cycle, FailedAttempt, Plugin, PostFilterResult } from '../../framework/plugin';
import type { PodInfo } from '../../snapshot/pod-info';
import type { BudgetsIn } from './budgets';
import { pickCandidate } from './pick-candidate';
import { isCandidate, NO_VICTIMS, victimsOn } from './victims';

export interface PreemptionArgs {
  /** How many candidates to look for: this share of the nodes, in a hundred … Default 10. */
  readonly minCandidateNodesPercentage?: number;
  /** … and not fewer than this. Default 100. */
  readonly minCandidateNodesAbsolute?: number;
}

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
      const wanted = wantedCandidates(attempt.resolvable.length, args);
      const { candidates, reasons, refusedBy } = findCandidates(pod, attempt, { wanted, budgetsIn });
      const best = pickCandidate(candidates);
      if (best) return { nominate: best.node, evict: best.victims, candidates };
      if (nodes > attempt.resolvable.length) reasons.set(NOT_HELPFUL, nodes - attempt.resolvable.length);
      return { message: `preemption: ${verdictText({ nodes, reasons })}`, refusedBy };
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
    if (other.priority < pod.priority && (isLeaving(other.uid) || isPreempted(other))) return true;
  }
  return false;
}

function isPreempted({ terminating, pod: { status } }: PodInfo): boolean {
  const condition = status?.conditions?.find(({ type }) => type === 'DisruptionTarget');
  return terminating && condition?.status === 'True' && condition.reason === 'PreemptionByScheduler';
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

/**
 * Looks until enough candidates are found, at least one of which breaks no budget. `reasons` says of how many of the
 * other nodes each of them holds.
 */
function findCandidates(
  pod: PodInfo,
  attempt: FailedAttempt,
  { wanted, budgetsIn }: { wanted: number; budgetsIn: BudgetsIn },
) {
  const { resolvable, snapshot } = attempt;
  const candidates: PreemptionCandidate[] = [];
  const reasons = new Map<string, number>();
  const refusedBy = new Set<string>();
  const count = (reason: string, nodes = 1) => reasons.set(reason, (reasons.get(reason) ?? 0) + nodes);
  // Most refused pods are no more important than any other: nothing to look for then.
  if (!snapshot.hasBelow(pod.priority)) {
    if (resolvable.length > 0) count(NO_VICTIMS, resolvable.length);
    return { candidates, reasons, refusedBy };
  }
  let harmless = false;
  for (const { name } of resolvable) {
    // Trials replace nodes of the snapshot: the one of now is meant.
    const node = snapshot.node(name);
    if (!node?.hasBelow(pod.priority)) {
      count(NO_VICTIMS);
      continue;
    }
    const found = victimsOn(node, pod, attempt, budgetsIn);
    if (!isCandidate(found)) {
      for (const reason of found.rejection.reasons) count(reason);
      if (found.by !== undefined) refusedBy.add(found.by);
      continue;
    }
    candidates.push(found);
    harmless ||= found.violations === 0;
    if (harmless && candidates.length >= wanted) break;
  }
  return { candidates, reasons, refusedBy };
}
