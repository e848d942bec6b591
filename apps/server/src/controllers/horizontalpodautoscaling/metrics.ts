import { selectorFromLabelSelector } from '@wheelhouse/shared/meta/labels';
import type { Stored } from '@wheelhouse/shared/meta/object';
import { formatQuantity, quantityMillis } from '@wheelhouse/shared/meta/quantity';
import type { PodMetrics } from '@wheelhouse/shared/metrics/resource-metrics';
import type { MetricSpec, MetricStatus, MetricTarget } from 'kubernetes-types/autoscaling/v2';
import type { Pod } from 'kubernetes-types/core/v1';
import { type PodUse, replicasForResource } from './replica-count';

/** Figures of programs come through APIs that this cluster does not serve. */
const NO_CUSTOM_METRICS =
  'unable to fetch metrics from custom metrics API: no custom metrics API (custom.metrics.k8s.io) registered';

export interface MetricInput {
  readonly namespace: string;
  readonly currentReplicas: number;
  /** The pods that the target's selector finds. */
  readonly pods: readonly Stored<Pod>[];
  readonly metrics: readonly PodMetrics[];
  readonly now: Date;
}

/** What one metric asks for. */
export type Proposal =
  | { readonly ok: true; readonly replicas: number; readonly name: string; readonly status: MetricStatus }
  | {
      readonly ok: false;
      readonly reason: string;
      readonly message: string;
      /** What the summary over all metrics calls it. */
      readonly what: string;
    };

/** One metric of an autoscaler, answered. */
export function proposalOf(spec: MetricSpec, input: MetricInput): Proposal {
  switch (spec.type) {
    case 'Resource':
      return spec.resource
        ? resourceProposal(spec.resource, undefined, input)
        : unknown('FailedGetResourceMetric', spec.type);
    case 'ContainerResource':
      return spec.containerResource
        ? resourceProposal(spec.containerResource, spec.containerResource.container, input)
        : unknown('FailedGetContainerResourceMetric', spec.type);
    case 'Pods':
      return {
        ok: false,
        reason: 'FailedGetPodsMetric',
        what: 'pods metric',
        message: `unable to get metric ${spec.pods?.metric.name ?? ''}: ${NO_CUSTOM_METRICS}`,
      };
    case 'Object': {
      const { metric, describedObject } = spec.object ?? {};
      const object = `${describedObject?.kind} on ${input.namespace} ${describedObject?.name}`;
      return {
        ok: false,
        reason: 'FailedGetObjectMetric',
        what: 'object metric',
        message: `unable to get metric ${metric?.name ?? ''}: ${object}/${NO_CUSTOM_METRICS}`,
      };
    }
    case 'External': {
      const { name = '', selector } = spec.external?.metric ?? {};
      const asked = `${input.namespace}/${name}/${selector ? selectorFromLabelSelector(selector) : 'nil'}`;
      return {
        ok: false,
        reason: 'FailedGetExternalMetric',
        what: `${name} external metric`,
        message: `unable to get external metric ${asked}: unable to fetch metrics from external metrics API: the server could not find the requested resource (get ${name}.external.metrics.k8s.io)`,
      };
    }
    default:
      return unknown('InvalidMetricSourceType', spec.type);
  }
}

function unknown(reason: string, type: string): Proposal {
  return { ok: false, reason, what: 'metric', message: `unknown metric source type ${JSON.stringify(type)}` };
}

function resourceProposal(
  source: { readonly name: string; readonly target: MetricTarget },
  container: string | undefined,
  { pods, metrics, currentReplicas, now }: MetricInput,
): Proposal {
  const { name: resource, target } = source;
  const share = target.averageUtilization;
  const answer = replicasForResource({
    resource,
    container,
    target:
      target.averageValue !== undefined
        ? { type: 'averageValue', millis: quantityMillis(target.averageValue) }
        : { type: 'utilization', percent: share ?? 80 },
    currentReplicas,
    pods,
    uses: usesOf(metrics, resource, container),
    now,
  });
  const where = container === undefined ? 'resource' : 'container resource';
  if (!answer.ok) {
    return {
      ok: false,
      reason: container === undefined ? 'FailedGetResourceMetric' : 'FailedGetContainerResourceMetric',
      what: `${resource} ${container === undefined ? 'resource' : 'container'} metric`,
      message: `failed to get ${resource} ${target.averageValue === undefined ? 'utilization' : 'usage'}: ${answer.message}`,
    };
  }
  const current = {
    ...(answer.utilization === undefined ? {} : { averageUtilization: answer.utilization }),
    averageValue: formatQuantity({ nanos: BigInt(answer.averageMillis) * 1_000_000n, format: 'decimalSI' }),
  };
  const what = target.averageValue === undefined ? ' utilization (percentage of request)' : '';
  return {
    ok: true,
    replicas: answer.replicas,
    name: `${resource} ${where}${what}`,
    status:
      container === undefined
        ? { type: 'Resource', resource: { name: resource, current } }
        : { type: 'ContainerResource', containerResource: { name: resource, container, current } },
  };
}

/** By pod name; a pod of which one container's figure is missing has none. */
export function usesOf(
  metrics: readonly PodMetrics[],
  resource: string,
  container: string | undefined,
): Map<string, PodUse> {
  const uses = new Map<string, PodUse>();
  for (const { metadata, containers, timestamp, window } of metrics) {
    const wanted = container === undefined ? containers : containers.filter(({ name }) => name === container);
    const figures = wanted.map(({ usage }) =>
      resource === 'cpu' || resource === 'memory' ? usage[resource] : undefined,
    );
    if (figures.length === 0 || figures.some((figure) => figure === undefined)) continue;
    const millis = figures.reduce((sum, figure) => sum + quantityMillis(figure ?? '0'), 0);
    uses.set(metadata?.name ?? '', {
      millis,
      time: Date.parse(timestamp) || 0,
      windowMs: (Number.parseFloat(window) || 0) * 1000,
    });
  }
  return uses;
}
