import type { PodDisruptionBudget } from '@wheelhouse/shared/kinds/policy/pod-disruption-budget';
import type { Stored } from '@wheelhouse/shared/meta/object';
import type { Pod } from 'kubernetes-types/core/v1';
import { expect, it } from 'vitest';
import { spent } from './eviction';

const NOW = '2026-01-01T00:00:00Z';

const pod: Stored<Pod> = {
  kind: 'Pod',
  apiVersion: 'v1',
  metadata: { name: 'p', namespace: 'default', uid: 'p', resourceVersion: '1' },
};

function budget(disruptionsAllowed: number, observedGeneration = 1): Stored<PodDisruptionBudget> {
  return {
    kind: 'PodDisruptionBudget',
    apiVersion: 'policy/v1',
    metadata: { name: 'b', namespace: 'default', uid: 'b', resourceVersion: '1', generation: 1 },
    status: { disruptionsAllowed, currentHealthy: 3, desiredHealthy: 2, expectedPods: 3, observedGeneration },
  };
}

it('takes one from what is left and notes for whom', () => {
  expect(spent(budget(2), pod, NOW)).toMatchObject({ disruptionsAllowed: 1, disruptedPods: { p: NOW } });
  expect(spent(budget(1), pod, NOW)).toMatchObject({
    disruptionsAllowed: 0,
    conditions: [{ type: 'DisruptionAllowed', status: 'False', reason: 'InsufficientPods' }],
  });
});

it.each([
  ['nothing is left', budget(0), 'The disruption budget b needs 2 healthy pods and has 3 currently'],
  [
    'the budget was changed just now',
    budget(1, 0),
    'The disruption budget b is still being processed by the server.',
  ],
])('refuses when %s', (_why, stored, message) => {
  const refusal = (() => {
    try {
      spent(stored, pod, NOW);
    } catch (error) {
      return error;
    }
    return undefined;
  })();
  expect(refusal).toMatchObject({
    code: 429,
    retryAfterSeconds: 10,
    status: { details: { causes: [{ reason: 'DisruptionBudget', message }] } },
  });
});
