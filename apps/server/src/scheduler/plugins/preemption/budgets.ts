import { selectorFromLabelSelector } from '@wheelhouse/shared/meta/labels';
import type { PodDisruptionBudget } from 'kubernetes-types/policy/v1';
import type { PodInfo } from '../../snapshot/pod-info';

/** The disruption budgets of a namespace, as of now. */
export type BudgetsIn = (namespace: string) => readonly PodDisruptionBudget[];

/**
 * Splits pods, taken in this order, into those whose eviction a budget would still allow and those that would break
 * one. A pod that a budget has already counted as disrupted does not count again.
 */
export function splitByBudgets(
  pods: readonly PodInfo[],
  budgetsIn: BudgetsIn,
): { readonly breaking: PodInfo[]; readonly allowed: PodInfo[] } {
  const left = new Map<PodDisruptionBudget, number>();
  const breaking: PodInfo[] = [];
  const allowed: PodInfo[] = [];
  for (const pod of pods) {
    let breaks = false;
    for (const budget of budgetsFor(pod, budgetsIn)) {
      if (budget.status?.disruptedPods?.[pod.name] !== undefined) continue;
      const remaining = (left.get(budget) ?? budget.status?.disruptionsAllowed ?? 0) - 1;
      left.set(budget, remaining);
      if (remaining < 0) breaks = true;
    }
    (breaks ? breaking : allowed).push(pod);
  }
  return { breaking, allowed };
}

/** The budgets that a pod falls under. Here an empty selector selects nothing, nor do pods without labels fall under any. */
export function budgetsFor(
  { namespace, labels }: Pick<PodInfo, 'namespace' | 'labels'>,
  budgetsIn: BudgetsIn,
): PodDisruptionBudget[] {
  let labelled = false;
  for (const _key in labels) {
    labelled = true;
    break;
  }
  if (!labelled) return [];
  return budgetsIn(namespace).filter(({ spec }) => {
    const selector = selectorFromLabelSelector(spec?.selector);
    return !selector.isEmpty && selector.matches(labels);
  });
}
