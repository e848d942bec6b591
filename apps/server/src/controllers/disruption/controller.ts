import { isNotFound } from '@wheelhouse/shared/errors';
import { podKind } from '@wheelhouse/shared/kinds/core/pod';
import {
  type PodDisruptionBudget,
  podDisruptionBudgetKind,
} from '@wheelhouse/shared/kinds/policy/pod-disruption-budget';
import { selectorFromLabelSelector } from '@wheelhouse/shared/meta/labels';
import { keyOf, type ObjectKey, type Stored } from '@wheelhouse/shared/meta/object';
import type { Pod } from 'kubernetes-types/core/v1';
import type { ControllerDefinition, Outcome } from '../machinery/controller';
import { Pacer } from '../machinery/pacer';
import { sameJson } from '../machinery/same-json';
import { createExpectedScale } from './expected-scale';
import { needsScale, planBudget } from './plan';

/** Workloads whose size nobody tells us about are looked at again after this long. */
const LOOK_AGAIN_MS = 30_000;

/** Keeps budgets informed: how many pods they cover, how many of those are well, how many may go. */
export const disruptionController: ControllerDefinition = {
  name: 'disruption',
  setup(context) {
    const { client, clock } = context;
    const queue = context.queue();
    const budgets = context.cache(podDisruptionBudgetKind);
    const pods = context.cache(podKind);
    const events = context.recorder('controllermanager');
    const expectedScale = createExpectedScale(context);
    const progress = new Pacer(queue, { msPerMember: 1 / 20, maxMs: 500 });

    context.informer(podDisruptionBudgetKind).subscribe({
      added: (budget) => queue.add(keyOf(budget)),
      updated: (budget) => queue.add(keyOf(budget)),
      deleted: (budget) => progress.note(keyOf(budget), 0),
    });
    context.informer(podKind).subscribe({
      added: enqueueBudgets,
      updated(pod, previous) {
        enqueueBudgets(pod);
        if (!sameJson(pod.metadata.labels, previous.metadata.labels)) enqueueBudgets(previous);
      },
      deleted: enqueueBudgets,
    });

    function enqueueBudgets(pod: Stored<Pod>): void {
      for (const budget of budgets.byIndex('namespace', pod.metadata.namespace ?? '')) {
        const selector = selectorFromLabelSelector(budget.spec?.selector);
        if (selector.matches(pod.metadata.labels)) progress.add(keyOf(budget));
      }
    }

    async function reconcile(key: ObjectKey): Promise<Outcome> {
      const budget = budgets.get(key);
      if (!budget || budget.metadata.deletionTimestamp) return undefined;
      const selector = selectorFromLabelSelector(budget.spec?.selector);
      const covered = pods
        .byIndex('namespace', budget.metadata.namespace ?? '')
        .filter((pod) => selector.matches(pod.metadata.labels));
      progress.note(key, covered.length);
      const scale = needsScale(budget)
        ? await expectedScale(covered)
        : { ok: true as const, pods: covered.length };
      if (!scale.ok)
        events.record(
          budget,
          'Warning',
          'CalculateExpectedPodCountFailed',
          `Failed to calculate the number of expected pods: ${scale.message}`,
        );
      else if (covered.length === 0) events.record(budget, 'Normal', 'NoPods', 'No matching pods found');
      const plan = planBudget(budget, covered, scale, clock.now());
      for (const pod of plan.notDeleted) {
        events.record(
          pod,
          'Warning',
          'NotDeleted',
          `Pod was expected by PDB ${key} to be deleted but it wasn't`,
        );
      }
      if (!sameJson(plan.status, budget.status)) await writeStatus(budget, plan.status);
      const looks = [
        plan.requeueAfterMs,
        needsScale(budget) && covered.length > 0 ? LOOK_AGAIN_MS : undefined,
      ];
      const next = looks.filter((ms) => ms !== undefined);
      return next.length > 0 ? { requeueAfterMs: Math.min(...next) } : undefined;
    }

    async function writeStatus(
      budget: Stored<PodDisruptionBudget>,
      status: PodDisruptionBudget['status'],
    ): Promise<void> {
      try {
        // With its revision: an eviction that was granted meanwhile must not be overwritten.
        await client.update(
          podDisruptionBudgetKind,
          { ...budget, ...(status ? { status } : {}) },
          { subresource: 'status' },
        );
      } catch (error) {
        if (!isNotFound(error)) throw error;
      }
    }

    return { name: 'poddisruptionbudgets', queue, reconcile };
  },
};
