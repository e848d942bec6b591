import { podKind } from '@wheelhouse/shared/kinds/core/pod';
import { podDisruptionBudgetKind } from '@wheelhouse/shared/kinds/policy/pod-disruption-budget';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { isReady } from '../machinery/pods';
import { Harness } from '../testing/harness';
import { survives } from '../testing/turmoil';

const NEEDED = 2;

async function add({ client }: Harness, name: string): Promise<void> {
  const metadata = { name, namespace: 'n', labels: { app: 'web' } };
  await client.create(podKind, { metadata, spec: { containers: [] } });
}

it('a budget says how many pods it can spare, granted evictions taken off until their pods are gone', async () => {
  await survives({
    async start() {
      const harness = new Harness(['disruption']);
      await harness.client.create(podDisruptionBudgetKind, {
        metadata: { name: 'web', namespace: 'n' },
        spec: { minAvailable: NEEDED, selector: { matchLabels: { app: 'web' } } },
      });
      for (const name of ['a', 'b', 'c', 'd']) await add(harness, name);
      await harness.start();
      return harness;
    },
    kinds: [podKind, podDisruptionBudgetKind],
    actions: fc.oneof(
      {
        weight: 3,
        arbitrary: fc.record({ do: fc.constantFrom('ready', 'unready' as const), pod: fc.nat(5) }),
      },
      fc.record({ do: fc.constantFrom('add', 'evict' as const) }),
    ),
    async act(harness, action) {
      const { client, clock } = harness;
      const pod = 'pod' in action ? harness.pods()[action.pod] : undefined;
      if (pod && (action.do === 'ready' || action.do === 'unready')) await harness.setPod(pod, action.do);
      if (action.do === 'add') await add(harness, `p${client.calls.length}`);
      // As the eviction subresource does: it takes one from the budget, then deletes the pod.
      const [budget] = client.all(podDisruptionBudgetKind);
      const victim = harness.pods().find(isReady);
      const { disruptionsAllowed = 0, disruptedPods, ...status } = budget?.status ?? {};
      if (action.do !== 'evict' || !budget || !victim || disruptionsAllowed <= 0) return;
      const { name } = victim.metadata;
      const granted = { ...disruptedPods, [name]: `${clock.now().toISOString().slice(0, 19)}Z` };
      const next = { ...status, disruptionsAllowed: disruptionsAllowed - 1, disruptedPods: granted };
      await client.update(
        podDisruptionBudgetKind,
        { ...budget, status: next as typeof budget.status & object },
        { subresource: 'status' },
      );
      await client.delete(podKind, victim.metadata, { gracePeriodSeconds: 0 });
    },
    converged(harness) {
      const [budget] = harness.client.all(podDisruptionBudgetKind);
      const healthy = harness.pods().filter(isReady).length;
      expect(budget?.status).toMatchObject({
        currentHealthy: healthy,
        desiredHealthy: NEEDED,
        expectedPods: harness.pods().length,
        disruptionsAllowed: harness.pods().length > 0 ? Math.max(0, healthy - NEEDED) : 0,
      });
      expect(budget?.status?.disruptedPods).toBeUndefined();
    },
  });
}, 60_000);
