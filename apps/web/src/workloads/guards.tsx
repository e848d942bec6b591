'use client';
import type { FleetBudget, FleetWorkload } from '@wheelhouse/shared/console/protocol';
import { selectorFromLabelSelector } from '@wheelhouse/shared/meta/labels';
import { useMemo } from 'react';
import { useAll, useFleetSet } from '../fleet/hooks';
import { ShowLink } from '../ui/show';
import { autoscalerSet } from './model';

/** Who else has a say in a workload: the autoscaler that scales it, the budgets that hold evictions back. */
export function Guards({ workload }: { workload: FleetWorkload }) {
  const autoscalers = useFleetSet<'horizontalpodautoscalers'>(autoscalerSet(workload));
  const budgets = useBudgets(workload);
  if (autoscalers.length === 0 && budgets.length === 0) return null;
  return (
    <p className="mt-1.5 flex flex-wrap gap-x-4 gap-y-0.5 text-[12px] text-ink-3">
      {autoscalers.map((autoscaler) => (
        <ShowLink
          key={autoscaler.uid}
          to={{
            resource: 'horizontalpodautoscalers',
            namespace: autoscaler.namespace,
            name: autoscaler.name,
          }}
          className="hover:text-ink hover:underline"
          title={autoscaler.trouble ?? 'An autoscaler decides how many there are'}
          data-testid="autoscaler-hint"
        >
          Autoscaled between <b className="font-semibold text-ink-2">{autoscaler.min}</b> and{' '}
          <b className="font-semibold text-ink-2">{autoscaler.max}</b>,{' '}
          {autoscaler.trouble ? (
            <span className="text-fail-ink">but it cannot decide now</span>
          ) : (
            <span className="figures">{autoscaler.targets}</span>
          )}
        </ShowLink>
      ))}
      {budgets.map((budget) => (
        <ShowLink
          key={budget.uid}
          to={{ resource: 'poddisruptionbudgets', namespace: budget.namespace, name: budget.name }}
          className="hover:text-ink hover:underline"
          data-testid="budget-hint"
        >
          {budgetInWords(budget)}
        </ShowLink>
      ))}
    </p>
  );
}

function budgetInWords({ rule, allowed, name }: FleetBudget): string {
  return `Budget ${name} keeps ${rule}: ${allowed === 0 ? 'none may be evicted now' : `${allowed} may be evicted now`}`;
}

/** The budgets of its namespace whose selector finds its pods. */
export function useBudgets(workload: FleetWorkload): readonly FleetBudget[] {
  const all = useAll('poddisruptionbudgets', workload.namespace);
  const { labels } = workload;
  return useMemo(
    () => all.filter(({ selector }) => selectorFromLabelSelector(selector).matches(labels)),
    [all, labels],
  );
}
