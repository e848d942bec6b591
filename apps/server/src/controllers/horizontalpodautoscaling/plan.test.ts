import type { HorizontalPodAutoscaler } from '@wheelhouse/shared/kinds/autoscaling/horizontal-pod-autoscaler';
import type { Stored } from '@wheelhouse/shared/meta/object';
import type { PodMetrics } from '@wheelhouse/shared/metrics/resource-metrics';
import fc from 'fast-check';
import type { HorizontalPodAutoscalerSpec, MetricSpec } from 'kubernetes-types/autoscaling/v2';
import type { Pod } from 'kubernetes-types/core/v1';
import { describe, expect, it } from 'vitest';
import { goldenCases } from '../testing/golden';
import { limitReplicas, type Memory, NO_MEMORY, rescaled } from './limits';
import { planAutoscaler } from './plan';

const now = new Date('2026-01-01T01:00:00Z');

function autoscaler(spec: Partial<HorizontalPodAutoscalerSpec> = {}): HorizontalPodAutoscaler {
  return {
    metadata: { name: 'h', namespace: 'default' },
    spec: {
      scaleTargetRef: { kind: 'Deployment', name: 'd', apiVersion: 'apps/v1' },
      minReplicas: 1,
      maxReplicas: 10,
      metrics: [
        {
          type: 'Resource',
          resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 50 } },
        },
      ],
      ...spec,
    },
  };
}

type Kind = 'ready' | 'starting' | 'pending';

function pod(i: number, kind: Kind = 'ready'): Stored<Pod> {
  return {
    kind: 'Pod',
    apiVersion: 'v1',
    metadata: { name: `p${i}`, namespace: 'default', uid: `p${i}`, resourceVersion: '1' },
    spec: { containers: [{ name: 'c', resources: { requests: { cpu: '100m' } } }] },
    status: {
      phase: kind === 'pending' ? 'Pending' : 'Running',
      startTime: kind === 'starting' ? '2026-01-01T00:59:30Z' : '2026-01-01T00:00:00Z',
      conditions: [
        {
          type: 'Ready',
          status: kind === 'ready' ? 'True' : 'False',
          lastTransitionTime: kind === 'ready' ? '2026-01-01T00:00:10Z' : '2026-01-01T00:59:31Z',
        },
      ],
    },
  };
}

function metrics(millis: readonly (number | undefined)[]): PodMetrics[] {
  return millis.flatMap((cpu, i) =>
    cpu === undefined
      ? []
      : {
          metadata: { name: `p${i}` },
          timestamp: '2026-01-01T00:59:50Z',
          window: '15s',
          containers: [{ name: 'c', usage: { cpu: `${cpu}m`, memory: '10Mi' } }],
        },
  );
}

function plan(
  uses: readonly (number | undefined)[],
  options: { kinds?: Kind[]; spec?: Partial<HorizontalPodAutoscalerSpec>; memory?: Memory } = {},
) {
  const pods = uses.map((_, i) => pod(i, options.kinds?.[i]));
  const currentReplicas = pods.length;
  return planAutoscaler(
    autoscaler(options.spec),
    { namespace: 'n', currentReplicas, pods, metrics: metrics(uses), now, hasSelector: true },
    // An old recommendation, which holds nothing back any more.
    options.memory ?? {
      ...NO_MEMORY,
      recommendations: [{ time: now.getTime() - 400_000, replicas: currentReplicas }],
    },
  );
}

describe('how many replicas', () => {
  it.each([
    // [usage of each pod in percent of its request, wanted at 50 %]
    [[100, 100], 4],
    [[50, 50], 2],
    [[54, 54], 2],
    [[56, 56], 3],
    [[20, 20, 20], 2],
    // Nobody knows of the third: busy when there would be fewer, idle when there would be more.
    [[20, 20, undefined], 3],
    [[90, 90, undefined], 4],
  ])('%j', (uses, expected) => {
    expect(plan(uses).replicas).toBe(expected);
  });

  it('counts pods that are still starting as idle when there would be more', () => {
    expect(plan([100, 100, 900], { kinds: ['ready', 'ready', 'starting'] }).replicas).toBe(4);
    expect(plan([100, undefined], { kinds: ['ready', 'pending'] }).replicas).toBe(2);
  });

  it('goes to the bounds without asking the metrics', () => {
    expect(plan([1, 1, 1], { spec: { maxReplicas: 2 } }).rescale).toMatchObject({ replicas: 2 });
    expect(plan([1], { spec: { minReplicas: 3 } }).rescale).toMatchObject({ replicas: 3 });
  });

  it('does nothing without metrics, and says why', () => {
    const answer = plan([undefined, undefined]);
    expect(answer.rescale).toBeUndefined();
    expect(answer.conditions.at(-1)).toMatchObject({
      type: 'ScalingActive',
      status: 'False',
      reason: 'FailedGetResourceMetric',
    });
  });

  it('says what kind of metric it could not get, as Kubernetes words it', () => {
    const object = { apiVersion: 'v1', kind: 'Service', name: 's' };
    const metric = { name: 'q' };
    const target = { type: 'Value', value: '3' };
    const told = (spec: MetricSpec) =>
      plan([undefined], { spec: { metrics: [spec] } }).events.map(({ message }) => message);
    const summary = 'invalid metrics (1 invalid out of 1), first error is: failed to get';
    const noCustom =
      'unable to fetch metrics from custom metrics API: no custom metrics API (custom.metrics.k8s.io) registered';
    expect(told({ type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization' } } })[1]).toBe(
      `${summary} cpu resource metric value: failed to get cpu utilization: unable to get metrics for resource cpu: no metrics returned from resource metrics API`,
    );
    expect(told({ type: 'Pods', pods: { metric, target } })).toEqual([
      `unable to get metric q: ${noCustom}`,
      `${summary} pods metric value: unable to get metric q: ${noCustom}`,
    ]);
    expect(told({ type: 'Object', object: { metric, target, describedObject: object } })[0]).toBe(
      `unable to get metric q: Service on n s/${noCustom}`,
    );
    expect(told({ type: 'External', external: { metric, target } })[1]).toBe(
      `${summary} q external metric value: unable to get external metric n/q/nil: unable to fetch metrics from external metrics API: the server could not find the requested resource (get q.external.metrics.k8s.io)`,
    );
  });

  it('follows plain amounts too', () => {
    const spec = {
      metrics: [
        {
          type: 'Resource',
          resource: { name: 'memory', target: { type: 'AverageValue', averageValue: '5Mi' } },
        },
      ],
    };
    const answer = plan([1, 1], { spec });
    expect(answer.replicas).toBe(4);
    expect(answer.metrics).toEqual([
      { type: 'Resource', resource: { name: 'memory', current: { averageValue: '10485760' } } },
    ]);
  });

  it('falls only as far as the last five minutes allow', () => {
    const memory = { ...NO_MEMORY, recommendations: [{ time: now.getTime() - 60_000, replicas: 3 }] };
    const answer = plan([5, 5, 5, 5], { memory });
    expect(answer.replicas).toBe(3);
    expect(answer.conditions).toContainEqual(
      expect.objectContaining({ type: 'AbleToScale', reason: 'ScaleDownStabilized' }),
    );
  });
});

describe('rules of behavior', () => {
  const behavior = {
    scaleUp: {
      stabilizationWindowSeconds: 0,
      selectPolicy: 'Max',
      policies: [{ type: 'Pods', value: 2, periodSeconds: 60 }],
    },
    scaleDown: {
      stabilizationWindowSeconds: 0,
      selectPolicy: 'Min',
      policies: [
        { type: 'Pods', value: 1, periodSeconds: 60 },
        { type: 'Percent', value: 50, periodSeconds: 60 },
      ],
    },
  };
  const spec = {
    ...autoscaler().spec,
    scaleTargetRef: { kind: 'D', name: 'd' },
    minReplicas: 1,
    maxReplicas: 50,
    behavior,
  };

  it('limit each period, over all changes made in it', () => {
    expect(limitReplicas(spec, { current: 4, desired: 20 }, NO_MEMORY, now).replicas).toBe(6);
    const memory = rescaled(NO_MEMORY, 4, 6, new Date(now.getTime() - 30_000));
    expect(limitReplicas(spec, { current: 6, desired: 20 }, memory, now)).toMatchObject({
      replicas: 6,
      reason: 'ScaleUpLimit',
    });
    expect(limitReplicas(spec, { current: 10, desired: 1 }, NO_MEMORY, now)).toMatchObject({
      replicas: 9,
      reason: 'ScaleDownLimit',
    });
  });

  it('never leave the bounds, and never move against the wish', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 50 }),
        fc.integer({ min: 0, max: 200 }),
        fc.boolean(),
        (current, desired, ruled) => {
          const { behavior: _rules, ...plain } = spec;
          const { replicas } = limitReplicas(ruled ? spec : plain, { current, desired }, NO_MEMORY, now);
          expect(replicas).toBeGreaterThanOrEqual(1);
          expect(replicas).toBeLessThanOrEqual(50);
          if (desired >= current) expect(replicas).toBeGreaterThanOrEqual(current);
          if (desired <= current) expect(replicas).toBeLessThanOrEqual(current);
        },
      ),
    );
  });
});

interface Case {
  /** CPU of each pod in percent of its request; null: nobody knows. */
  readonly uses: readonly (number | null)[];
  readonly kinds?: Kind[];
  readonly spec?: Partial<HorizontalPodAutoscalerSpec>;
  /** What was recommended when, in seconds ago. */
  readonly recommended?: readonly [ago: number, replicas: number][];
}

describe('planAutoscaler', () => {
  goldenCases<Case>(import.meta.url, 'plan', ({ uses, kinds, spec, recommended }) => {
    const recommendations = recommended?.map(([ago, replicas]) => ({
      time: now.getTime() - ago * 1000,
      replicas,
    }));
    const answer = plan(
      uses.map((use) => use ?? undefined),
      {
        ...(kinds ? { kinds } : {}),
        ...(spec ? { spec } : {}),
        ...(recommendations ? { memory: { ...NO_MEMORY, recommendations } } : {}),
      },
    );
    return {
      replicas: answer.replicas,
      rescale: answer.rescale?.reason,
      conditions: answer.conditions.map(({ type, status, reason }) => `${type} ${status} ${reason}`),
      events: answer.events.map(({ reason }) => reason),
    };
  });
});
