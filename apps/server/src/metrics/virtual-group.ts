import type { Client } from '@wheelhouse/shared/client/client';
import type { Clock } from '@wheelhouse/shared/clock';
import { notFound } from '@wheelhouse/shared/errors';
import { nodeKind } from '@wheelhouse/shared/kinds/core/node';
import { podKind } from '@wheelhouse/shared/kinds/core/pod';
import type { KubeObject, Stored } from '@wheelhouse/shared/meta/object';
import {
  METRICS_GROUP,
  METRICS_VERSION,
  type NodeMetrics,
  type PodMetrics,
  type ResourceUsage,
} from '@wheelhouse/shared/metrics/resource-metrics';
import type { Node, Pod } from 'kubernetes-types/core/v1';
import type { ApiRequest, VirtualGroup, VirtualResource } from '../http/extension';
import type { PodUsage, Usage, UsageStore } from './usage-store';

const API_VERSION = `${METRICS_GROUP}/${METRICS_VERSION}`;

/**
 * `metrics.k8s.io/v1beta1`: what nodes and pods use now (`kubectl top`, autoscalers). Names and labels are those of
 * the objects; what nobody has measured yet is missing.
 */
export function metricsGroup(options: {
  readonly usages: UsageStore;
  readonly client: Pick<Client, 'get' | 'list'>;
  readonly clock: Clock;
}): VirtualGroup {
  const { usages, client, clock } = options;
  const now = () => clock.now().getTime();

  const nodeOf = (node: Stored<Node>): NodeMetrics | undefined => {
    const usage = usages.node(node.metadata.name, now());
    if (!usage) return undefined;
    return { ...head('NodeMetrics', node), ...times(usage), usage: figures(usage) };
  };
  const podOf = (pod: Stored<Pod>): PodMetrics | undefined => {
    const { nodeName } = pod.spec ?? {};
    const usage = nodeName ? usages.podsOf(nodeName, now()).get(pod.metadata.uid) : undefined;
    const [first] = usage?.containers ?? [];
    if (!usage || !first || pod.status?.phase === 'Succeeded' || pod.status?.phase === 'Failed')
      return undefined;
    return { ...head('PodMetrics', pod), ...times(oldest(usage, first)), containers: containersOf(usage) };
  };

  const nodes: VirtualResource = {
    plural: 'nodes',
    singular: '',
    kind: 'NodeMetrics',
    namespaced: false,
    async get(name) {
      const metrics = nodeOf(await client.get(nodeKind, { name }));
      if (!metrics) throw missing('nodes', name);
      return metrics;
    },
    async list(request) {
      const { items } = await client.list(nodeKind, selectorsOf(request));
      return listOf(
        'NodeMetricsList',
        items.flatMap((node) => nodeOf(node) ?? []),
      );
    },
  };
  const pods: VirtualResource = {
    plural: 'pods',
    singular: '',
    kind: 'PodMetrics',
    namespaced: true,
    async get(name, request) {
      const namespace = request.resource?.namespace ?? '';
      const metrics = podOf(await client.get(podKind, { name, namespace }));
      if (!metrics) throw missing('pods', `${namespace}/${name}`);
      return metrics;
    },
    async list(request) {
      const namespace = request.resource?.namespace;
      const { items } = await client.list(podKind, { ...selectorsOf(request), namespace });
      return listOf(
        'PodMetricsList',
        items.flatMap((pod) => podOf(pod) ?? []),
      );
    },
  };
  return { group: METRICS_GROUP, version: METRICS_VERSION, resources: [nodes, pods] };
}

function selectorsOf({ url }: ApiRequest): { labelSelector?: string; fieldSelector?: string } {
  const labelSelector = url.searchParams.get('labelSelector');
  const fieldSelector = url.searchParams.get('fieldSelector');
  return { ...(labelSelector ? { labelSelector } : {}), ...(fieldSelector ? { fieldSelector } : {}) };
}

function head<K extends string>(kind: K, { metadata }: Stored<KubeObject>) {
  const { name, namespace, labels, creationTimestamp } = metadata;
  return {
    kind,
    apiVersion: API_VERSION,
    metadata: {
      name,
      ...(namespace === undefined ? {} : { namespace }),
      ...(creationTimestamp === undefined ? {} : { creationTimestamp }),
      ...(labels ? { labels } : {}),
    },
  };
}

function times({ time, windowMs }: Usage): { timestamp: string; window: string } {
  return { timestamp: `${new Date(time).toISOString().slice(0, 19)}Z`, window: `${windowMs / 1000}s` };
}

/** A pod's figures are as old as those of its container that was looked at first. */
function oldest(pod: PodUsage, first: Usage): Usage {
  return pod.containers.reduce((least: Usage, usage) => (usage.time < least.time ? usage : least), first);
}

function containersOf(pod: PodUsage): PodMetrics['containers'] {
  return pod.containers.map((usage) => ({ name: usage.name, usage: figures(usage) }));
}

function figures({ cpuNanocores, memoryBytes }: Usage): ResourceUsage {
  return { cpu: `${cpuNanocores}n`, memory: `${Math.ceil(memoryBytes / 1024)}Ki` };
}

function listOf(kind: string, items: readonly object[]): object {
  return { kind, apiVersion: API_VERSION, metadata: {}, items };
}

function missing(kind: string, name: string) {
  return notFound({ group: METRICS_GROUP, kind, name });
}
