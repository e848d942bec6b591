import { systemClock } from '@wheelhouse/shared/clock';
import { podKind } from '@wheelhouse/shared/kinds/core/pod';
import { expect, test } from 'vitest';
import { createSimulatedRuntime } from '../runtime/simulated/simulated-runtime';
import { createTestCluster } from './testing/cluster';

const PODS = 300;

test('one simulated node runs and ends hundreds of pods', { timeout: 60_000 }, async () => {
  const runtime = createSimulatedRuntime({ clock: systemClock, startMs: 5, stopMs: 5 });
  const cluster = await createTestCluster({
    runtime,
    podCidr: '10.244.0.0/16',
    kubelet: { capacity: { pods: '1000', cpu: '1000' } },
  });
  try {
    const names = Array.from({ length: PODS }, (_, index) => `p${index}`);
    await Promise.all(
      names.map((name) => cluster.createPod(name, { containers: [{ name: 'main', image: 'any:1' }] })),
    );
    const states = async () => {
      const { items } = await cluster.client.list(podKind, { namespace: 'default' });
      return items.filter(({ status }) =>
        status?.conditions?.some(({ type, status: is }) => type === 'Ready' && is === 'True'),
      );
    };
    await expect.poll(async () => (await states()).length, { timeout: 30_000 }).toBe(PODS);
    const addresses = new Set((await states()).map(({ status }) => status?.podIP));
    expect(addresses.size).toBe(PODS);
    await Promise.all(names.map((name) => cluster.client.delete(podKind, { namespace: 'default', name })));
    const left = async () => (await cluster.client.list(podKind, { namespace: 'default' })).items.length;
    await expect.poll(left, { timeout: 30_000 }).toBe(0);
    expect(await runtime.listPods()).toEqual([]);
  } finally {
    await cluster.close();
  }
});
