import { systemClock } from '@wheelhouse/shared/clock';
import { nodeKind } from '@wheelhouse/shared/kinds/core/node';
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
    // As admission leaves every pod: with a mount for its service account's token.
    const volumeMounts = [{ name: 'token', mountPath: '/var/run/secrets/kubernetes.io/serviceaccount' }];
    const spec = {
      serviceAccountName: 'default',
      containers: [{ name: 'main', image: 'any:1', volumeMounts }],
      volumes: [{ name: 'token', projected: { sources: [{ serviceAccountToken: { path: 'token' } }] } }],
    };
    await Promise.all(names.map((name) => cluster.createPod(name, spec)));
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

test('a pod may ask for labels that the node was given only just now, and is refused without them', async () => {
  const runtime = createSimulatedRuntime({ clock: systemClock, startMs: 5, stopMs: 5 });
  const cluster = await createTestCluster({ runtime, podCidr: '10.244.0.0/16' });
  const label = (disk: string | null) =>
    cluster.client.patch(
      nodeKind,
      { name: cluster.nodeName },
      { type: 'merge', body: { metadata: { labels: { disk } } } },
    );
  const spec = { containers: [{ name: 'main', image: 'any:1' }], nodeSelector: { disk: 'ssd' } };
  try {
    await label('ssd');
    // What it would mount does not matter where nothing is mounted.
    const volumes = [{ name: 'data', emptyDir: {} }];
    const containers = [
      { name: 'main', image: 'any:1', volumeMounts: [{ name: 'data', mountPath: '/data' }] },
    ];
    await cluster.createPod('fits', { ...spec, volumes, containers });
    const ended = ({ status }: { status?: { phase?: string } }) =>
      status?.phase === 'Running' || status?.phase === 'Failed';
    expect((await cluster.until('fits', ended)).status?.phase).toBe('Running');
    await label(null);
    await expect
      .poll(async () => {
        await cluster.client.delete(podKind, { namespace: 'default', name: 'late' }).catch(() => undefined);
        await cluster.createPod('late', spec).catch(() => undefined);
        return (await cluster.until('late', ended)).status?.reason;
      })
      .toBe('NodeAffinity');
  } finally {
    await cluster.close();
  }
});
