import type { HorizontalPodAutoscaler as V2 } from 'kubernetes-types/autoscaling/v2';
import { expect, it } from 'vitest';
import { horizontalPodAutoscalerKind } from './horizontal-pod-autoscaler';
import { horizontalPodAutoscalerV1Kind } from './horizontal-pod-autoscaler-v1';

const { convert } = horizontalPodAutoscalerV1Kind;

const stored: V2 = {
  apiVersion: 'autoscaling/v2',
  kind: 'HorizontalPodAutoscaler',
  metadata: { name: 'h', namespace: 'default', annotations: { mine: 'kept' } },
  spec: {
    scaleTargetRef: { kind: 'Deployment', name: 'd', apiVersion: 'apps/v1' },
    minReplicas: 2,
    maxReplicas: 5,
    metrics: [
      {
        type: 'Pods',
        pods: { metric: { name: 'hits' }, target: { type: 'AverageValue', averageValue: '10' } },
      },
      {
        type: 'Resource',
        resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 70 } },
      },
    ],
    behavior: {
      scaleDown: { selectPolicy: 'Min', policies: [{ type: 'Pods', value: 1, periodSeconds: 60 }] },
    },
  },
  status: {
    currentReplicas: 2,
    desiredReplicas: 3,
    currentMetrics: [
      {
        type: 'Resource',
        resource: { name: 'cpu', current: { averageUtilization: 33, averageValue: '33m' } },
      },
    ],
    conditions: [
      {
        type: 'AbleToScale',
        status: 'True',
        lastTransitionTime: '2026-01-01T00:00:00Z',
        reason: 'R',
        message: 'm',
      },
    ],
  },
};

it('shows v2 through v1 and loses nothing on the way back', () => {
  const v1 = convert?.fromStored(stored);
  expect(v1?.spec).toEqual({
    scaleTargetRef: { kind: 'Deployment', name: 'd', apiVersion: 'apps/v1' },
    minReplicas: 2,
    maxReplicas: 5,
    targetCPUUtilizationPercentage: 70,
  });
  expect(v1?.status?.currentCPUUtilizationPercentage).toBe(33);
  expect(Object.keys(v1?.metadata?.annotations ?? {}).sort()).toEqual([
    'autoscaling.alpha.kubernetes.io/behavior',
    'autoscaling.alpha.kubernetes.io/conditions',
    'autoscaling.alpha.kubernetes.io/current-metrics',
    'autoscaling.alpha.kubernetes.io/metrics',
    'mine',
  ]);
  expect(v1 && convert?.toStored(v1)).toEqual(stored);
});

it('takes annotations that nobody can read for none', () => {
  const v1 = {
    metadata: { name: 'h', annotations: { 'autoscaling.alpha.kubernetes.io/metrics': '{oops' } },
    spec: { scaleTargetRef: { kind: 'Deployment', name: 'd' }, maxReplicas: 3 },
  };
  expect(convert?.toStored(v1)).toMatchObject({ spec: { maxReplicas: 3 } });
});

it('fills a behavior once there is one', () => {
  const autoscaler: V2 = {
    spec: {
      scaleTargetRef: { kind: 'Deployment', name: 'd' },
      maxReplicas: 3,
      behavior: { scaleDown: { stabilizationWindowSeconds: 10 } },
    },
  };
  horizontalPodAutoscalerKind.default?.(autoscaler);
  expect(autoscaler.spec?.behavior).toEqual({
    scaleUp: {
      stabilizationWindowSeconds: 0,
      selectPolicy: 'Max',
      policies: [
        { type: 'Pods', value: 4, periodSeconds: 15 },
        { type: 'Percent', value: 100, periodSeconds: 15 },
      ],
    },
    scaleDown: {
      stabilizationWindowSeconds: 10,
      selectPolicy: 'Max',
      policies: [{ type: 'Percent', value: 100, periodSeconds: 15 }],
    },
  });
});
