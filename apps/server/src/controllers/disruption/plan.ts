import type { PodDisruptionBudget } from '@wheelhouse/shared/kinds/policy/pod-disruption-budget';
import { resolveIntOrPercent } from '@wheelhouse/shared/meta/int-or-percent';
import type { Condition, Stored } from '@wheelhouse/shared/meta/object';
import type { Pod } from 'kubernetes-types/core/v1';
import { isReady } from '../machinery/pods';

export type BudgetStatus = NonNullable<PodDisruptionBudget['status']>;

/** An eviction that was granted is believed for so long; a pod that is still there then counts again. */
const BELIEVED_MS = 2 * 60_000;

/** How many pods there are to be in all, over the workloads that the covered pods belong to. */
export type ExpectedScale =
  | { readonly ok: true; readonly pods: number }
  | { readonly ok: false; readonly message: string };

export interface BudgetPlan {
  readonly status: BudgetStatus;
  /** Pods that were to go and did not. */
  readonly notDeleted: readonly Pod[];
  readonly requeueAfterMs: number | undefined;
}

/** True when the number of pods that are to be matters, not only that of those that are. */
export function needsScale({ spec }: PodDisruptionBudget): boolean {
  return spec?.maxUnavailable !== undefined || typeof spec?.minAvailable === 'string';
}

/** The status of a budget that covers `pods`. Decides purely. */
export function planBudget(
  budget: Stored<PodDisruptionBudget>,
  pods: readonly Stored<Pod>[],
  scale: ExpectedScale,
  now: Date,
): BudgetPlan {
  const time = `${now.toISOString().slice(0, 19)}Z`;
  const former = budget.status ?? emptyStatus();
  const generation = budget.metadata.generation ?? 0;
  if (!scale.ok) {
    const status: BudgetStatus = {
      ...former,
      disruptionsAllowed: 0,
      observedGeneration: generation,
      conditions: withCondition(
        former,
        { status: 'False', reason: 'SyncFailed', message: scale.message },
        { time, generation },
      ),
    };
    return { status, notDeleted: [], requeueAfterMs: undefined };
  }
  const { disrupted, notDeleted, requeueAfterMs } = believed(former, pods, now);
  const currentHealthy = pods.filter(
    (pod) => !pod.metadata.deletionTimestamp && !disrupted.has(pod.metadata.name) && isReady(pod),
  ).length;
  const { expected, desired } = expectations(budget, pods.length, scale.pods);
  const allowed = expected > 0 ? Math.max(0, currentHealthy - desired) : 0;
  const condition =
    allowed > 0
      ? { status: 'True', reason: 'SufficientPods', message: '' }
      : { status: 'False', reason: 'InsufficientPods', message: '' };
  const status: BudgetStatus = {
    conditions: withCondition(former, condition, { time, generation }),
    currentHealthy,
    desiredHealthy: desired,
    ...(disrupted.size > 0 ? { disruptedPods: Object.fromEntries(disrupted) } : {}),
    disruptionsAllowed: allowed,
    expectedPods: expected,
    observedGeneration: generation,
  };
  return { status, notDeleted, requeueAfterMs };
}

function emptyStatus(): BudgetStatus {
  return { disruptionsAllowed: 0, currentHealthy: 0, desiredHealthy: 0, expectedPods: 0 };
}

function expectations(
  { spec }: PodDisruptionBudget,
  pods: number,
  scale: number,
): { expected: number; desired: number } {
  if (spec?.maxUnavailable !== undefined) {
    const away = resolveIntOrPercent(spec.maxUnavailable, scale, 'up') ?? 0;
    return { expected: scale, desired: Math.max(0, scale - away) };
  }
  if (spec?.minAvailable !== undefined) {
    const expected = typeof spec.minAvailable === 'number' ? pods : scale;
    return { expected, desired: resolveIntOrPercent(spec.minAvailable, scale, 'up') ?? 0 };
  }
  return { expected: pods, desired: 0 };
}

/** Evictions that were granted and whose pods are still there: they count as gone already, for a while. */
function believed(former: BudgetStatus, pods: readonly Stored<Pod>[], now: Date) {
  const disrupted = new Map<string, string>();
  const notDeleted: Pod[] = [];
  let requeueAfterMs: number | undefined;
  for (const pod of pods) {
    const { name, deletionTimestamp } = pod.metadata;
    const granted = Object.hasOwn(former.disruptedPods ?? {}, name)
      ? former.disruptedPods?.[name]
      : undefined;
    if (granted === undefined || deletionTimestamp) continue;
    const left = Date.parse(granted) + BELIEVED_MS - now.getTime();
    if (Number.isNaN(left) || left < 0) {
      notDeleted.push(pod);
      continue;
    }
    disrupted.set(name, granted);
    requeueAfterMs = Math.min(requeueAfterMs ?? left + 1000, left + 1000);
  }
  return { disrupted, notDeleted, requeueAfterMs };
}

function withCondition(
  { conditions = [] }: BudgetStatus,
  { status, reason, message }: { status: string; reason: string; message: string },
  { time, generation }: { time: string; generation: number },
): Condition[] {
  const former = conditions.find(({ type }) => type === 'DisruptionAllowed');
  const next: Condition = {
    type: 'DisruptionAllowed',
    status,
    reason,
    message,
    observedGeneration: generation,
    lastTransitionTime: former?.status === status ? former.lastTransitionTime : time,
  };
  return former ? conditions.map((one) => (one === former ? next : one)) : [...conditions, next];
}
