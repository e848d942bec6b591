import type { MemoryClient } from '@wheelhouse/shared/client/testing/memory-client';
import { deploymentKind } from '@wheelhouse/shared/kinds/apps/deployment';
import { horizontalPodAutoscalerKind } from '@wheelhouse/shared/kinds/autoscaling/horizontal-pod-autoscaler';
import { podKind } from '@wheelhouse/shared/kinds/core/pod';
import type { KubeObject } from '@wheelhouse/shared/meta/object';
import { type PodMetrics, podMetricsType } from '@wheelhouse/shared/metrics/resource-metrics';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { Scale } from '../machinery/scale-target';
import { Harness } from '../testing/harness';
import { survives } from '../testing/turmoil';

const MIN = 2;
const MAX = 10;
/** What each pod should use: half of the 100m that it requests. */
const TARGET = 50;
const ref = { name: 'd', namespace: 'n' };
const labels = { app: 'd' };

/** What the world is like beside the objects. */
interface World {
  /** Millicores that all pods use together. */
  load: number;
  /** Sizes that the target was given by its autoscaler, each with the one before. */
  readonly steps: [from: number, to: number][];
}

const worlds = new WeakMap<Harness, World>();
const worldOf = (harness: Harness): World => {
  const world = worlds.get(harness);
  if (!world) throw new Error('a harness of another test');
  return world;
};
const target = ({ client }: Harness) => {
  const [deployment] = client.all(deploymentKind);
  if (!deployment) throw new Error('the target is gone');
  return deployment;
};

/** The API serves `/scale` and metrics; both are views of what is stored. */
function withViews(client: MemoryClient, world: World): void {
  const { get, update, list } = {
    get: client.get.bind(client),
    update: client.update.bind(client),
    list: client.list.bind(client),
  };
  const views = {
    async get(...args: [...Parameters<typeof get>, ({ subresource?: string } | undefined)?]) {
      const [type, reference, options] = args;
      if (options?.subresource !== 'scale') return get(type, reference);
      const { metadata, spec } = await get(deploymentKind, reference);
      const replicas = spec?.replicas ?? 0;
      return { metadata, spec: { replicas }, status: { replicas, selector: 'app=d' } };
    },
    async update(...args: Parameters<typeof update>) {
      const [type, object, options] = args;
      if (options?.subresource !== 'scale') return update(type, object, options);
      const deployment = await get(deploymentKind, ref);
      const replicas = (object as Scale).spec?.replicas ?? 0;
      world.steps.push([deployment.spec?.replicas ?? 0, replicas]);
      const { resourceVersion = '' } = object.metadata ?? {};
      const metadata = { ...deployment.metadata, resourceVersion };
      const { selector = {}, template = {}, ...spec } = deployment.spec ?? {};
      return update(deploymentKind, {
        ...deployment,
        metadata,
        spec: { ...spec, selector, template, replicas },
      });
    },
    async list(...args: Parameters<typeof list>) {
      const [type, options] = args;
      if (type !== podMetricsType) return list(type, options);
      const pods = client.all(podKind);
      const usage = { cpu: `${Math.round(world.load / Math.max(1, pods.length))}m`, memory: '1Mi' };
      const items: KubeObject[] = pods.map(
        ({ metadata }): PodMetrics => ({
          metadata: { name: metadata.name },
          timestamp: '2100-01-01T00:00:00Z',
          window: '15s',
          containers: [{ name: 'c', usage }],
        }),
      );
      return { metadata: {}, items };
    },
  };
  Object.assign(client, views);
}

/** As many pods as the target wants, all of them in service for long. */
async function meet(harness: Harness): Promise<void> {
  const { client } = harness;
  const pods = client.all(podKind);
  const wanted = target(harness).spec?.replicas ?? 0;
  for (const pod of pods.slice(wanted)) await client.delete(podKind, pod.metadata, { gracePeriodSeconds: 0 });
  for (let i = pods.length; i < wanted; i += 1) {
    const metadata = { name: `p${client.calls.length}`, namespace: 'n', labels };
    const containers = [{ name: 'c', image: 'i', resources: { requests: { cpu: '100m' } } }];
    const pod = await client.create(podKind, { metadata, spec: { containers } });
    const since = '2000-01-01T00:00:00Z';
    const conditions = [{ type: 'Ready', status: 'True', lastTransitionTime: since }];
    const status = { phase: 'Running', startTime: since, conditions };
    await client.update(podKind, { ...pod, status }, { subresource: 'status' });
  }
}

it('gives its target the size that the load asks for, by steps and within bounds', async () => {
  await survives({
    async start() {
      const harness = new Harness(['horizontalpodautoscaling']);
      const { client } = harness;
      const world: World = { load: 200, steps: [] };
      worlds.set(harness, world);
      await client.create(deploymentKind, {
        metadata: ref,
        spec: { replicas: 3, selector: { matchLabels: labels }, template: {} },
      });
      await client.create(horizontalPodAutoscalerKind, {
        metadata: ref,
        spec: {
          minReplicas: MIN,
          maxReplicas: MAX,
          scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'd' },
          metrics: [
            {
              type: 'Resource',
              resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: TARGET } },
            },
          ],
        },
      });
      await meet(harness);
      withViews(client, world);
      await harness.start();
      return harness;
    },
    kinds: [podKind, horizontalPodAutoscalerKind],
    pauseMs: 20_000,
    actions: fc.oneof(
      fc.record({ do: fc.constant('load' as const), load: fc.nat(700) }),
      fc.record({ do: fc.constant('resize' as const), replicas: fc.integer({ min: 1, max: 12 }) }),
      fc.record({ do: fc.constantFrom('meet', 'report' as const) }),
    ),
    async act(harness, action) {
      const { client } = harness;
      const { metadata, spec, ...deployment } = target(harness);
      const { selector = {}, template = {}, ...rest } = spec ?? {};
      if (action.do === 'load') worldOf(harness).load = action.load;
      if (action.do === 'meet') await meet(harness);
      if (action.do === 'resize')
        await client.update(deploymentKind, {
          ...deployment,
          metadata,
          spec: { ...rest, selector, template, replicas: action.replicas },
        });
      // Others write the target's status all the time.
      if (action.do === 'report') {
        const status = { observedGeneration: client.calls.length };
        await client.update(deploymentKind, { ...deployment, metadata, status }, { subresource: 'status' });
      }
    },
    help: meet,
    converged(harness) {
      const { load, steps } = worldOf(harness);
      const size = target(harness).spec?.replicas ?? 0;
      const asked = Math.min(MAX, Math.max(MIN, Math.ceil(load / TARGET)));
      const isNear = Math.abs(load / size / TARGET - 1) <= 0.1 + 0.5 / TARGET;
      expect(size === asked || isNear ? 'fits' : `${size} for ${load}`).toBe('fits');
      for (const [from, to] of steps) {
        expect(to).toBeGreaterThanOrEqual(MIN);
        expect(to).toBeLessThanOrEqual(MAX);
        expect(to).toBeLessThanOrEqual(Math.max(4, 2 * from));
      }
    },
  });
}, 60_000);
