import type { PodDisruptionBudget } from '@wheelhouse/shared/kinds/policy/pod-disruption-budget';
import type { Stored } from '@wheelhouse/shared/meta/object';
import type { Pod } from 'kubernetes-types/core/v1';
import { describe, expect, it } from 'vitest';
import { goldenCases } from '../testing/golden';
import { planBudget } from './plan';

const now = new Date('2026-01-01T00:10:00Z');

function budget(
  spec: PodDisruptionBudget['spec'],
  status?: PodDisruptionBudget['status'],
): Stored<PodDisruptionBudget> {
  return {
    kind: 'PodDisruptionBudget',
    apiVersion: 'policy/v1',
    metadata: { name: 'b', namespace: 'default', uid: 'b', resourceVersion: '1', generation: 3 },
    ...(spec ? { spec } : {}),
    ...(status ? { status } : {}),
  };
}

function pods(count: number, ready = count): Stored<Pod>[] {
  return Array.from({ length: count }, (_, i) => ({
    kind: 'Pod',
    apiVersion: 'v1',
    metadata: { name: `p${i}`, namespace: 'default', uid: `p${i}`, resourceVersion: '1' },
    status: { conditions: [{ type: 'Ready', status: i < ready ? 'True' : 'False' }] },
  }));
}

it.each([
  [{ minAvailable: 2 }, 3, 3, { desiredHealthy: 2, disruptionsAllowed: 1, expectedPods: 3 }],
  [{ minAvailable: '50%' }, 3, 5, { desiredHealthy: 3, disruptionsAllowed: 0, expectedPods: 5 }],
  [{ maxUnavailable: 1 }, 3, 3, { desiredHealthy: 2, disruptionsAllowed: 1, expectedPods: 3 }],
  // Shares are rounded in favour of disruptions that are named, as Kubernetes does.
  [{ maxUnavailable: '30%' }, 4, 4, { desiredHealthy: 2, disruptionsAllowed: 2, expectedPods: 4 }],
  [{ maxUnavailable: 1 }, 0, 0, { desiredHealthy: 0, disruptionsAllowed: 0, expectedPods: 0 }],
])('%j with %d pods of %d', (spec, count, scale, expected) => {
  const { status } = planBudget(budget(spec), pods(count), { ok: true, pods: scale }, now);
  expect(status).toMatchObject({ ...expected, observedGeneration: 3 });
});

it('counts pods whose eviction was granted as gone, but not for ever', () => {
  const status = {
    disruptionsAllowed: 0,
    currentHealthy: 3,
    desiredHealthy: 2,
    expectedPods: 3,
    disruptedPods: { p0: '2026-01-01T00:09:30Z', p1: '2026-01-01T00:05:00Z', gone: '2026-01-01T00:09:00Z' },
  };
  const plan = planBudget(budget({ minAvailable: 2 }, status), pods(3), { ok: true, pods: 3 }, now);
  expect(plan.status).toMatchObject({
    currentHealthy: 2,
    disruptionsAllowed: 0,
    disruptedPods: { p0: '2026-01-01T00:09:30Z' },
  });
  expect(plan.notDeleted.map(({ metadata }) => metadata?.name)).toEqual(['p1']);
  expect(plan.requeueAfterMs).toBe(91_000);
});

it('allows nothing while it does not know how many pods there are to be', () => {
  const { status } = planBudget(budget({ maxUnavailable: 1 }), pods(3), { ok: false, message: 'why' }, now);
  expect(status).toMatchObject({
    disruptionsAllowed: 0,
    conditions: [{ type: 'DisruptionAllowed', status: 'False', reason: 'SyncFailed', message: 'why' }],
  });
});

it('changes nothing that is in order', () => {
  const first = planBudget(budget({ minAvailable: 1 }), pods(2, 1), { ok: true, pods: 2 }, now);
  const later = new Date('2026-01-01T01:00:00Z');
  const again = planBudget(
    budget({ minAvailable: 1 }, first.status),
    pods(2, 1),
    { ok: true, pods: 2 },
    later,
  );
  expect(again.status).toEqual(first.status);
});

interface Case {
  readonly spec: PodDisruptionBudget['spec'];
  /** How many there are, how many of them are ready, and how many there are to be. */
  readonly pods: readonly [count: number, ready: number, scale: number];
  readonly granted?: Readonly<Record<string, string>>;
  readonly unknown?: string;
}

describe('planBudget', () => {
  goldenCases<Case>(import.meta.url, 'plan', ({ spec, pods: [count, ready, scale], granted, unknown }) => {
    const former = { disruptionsAllowed: 0, currentHealthy: 0, desiredHealthy: 0, expectedPods: 0 };
    const status = granted ? { ...former, disruptedPods: { ...granted } } : undefined;
    const expected = unknown ? { ok: false as const, message: unknown } : { ok: true as const, pods: scale };
    const plan = planBudget(budget(spec, status), pods(count, ready), expected, now);
    const { conditions = [], observedGeneration: _, ...rest } = plan.status;
    return {
      ...rest,
      because: conditions.map(({ reason, message }) => `${reason} ${message}`.trim()).join(),
      notDeleted: plan.notDeleted.map(({ metadata }) => metadata?.name),
      again: plan.requeueAfterMs,
    };
  });
});
