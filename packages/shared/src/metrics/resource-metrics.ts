import type { ResourceType } from '../meta/kind';
import type { KubeObject } from '../meta/object';

/** The API of what nodes and pods use: computed, never stored, read by autoscalers and `kubectl top`. */
export const METRICS_GROUP = 'metrics.k8s.io';
export const METRICS_VERSION = 'v1beta1';

/** Quantities: nanocores of processor time, bytes of memory. */
export interface ResourceUsage {
  readonly cpu: string;
  readonly memory: string;
}

export interface NodeMetrics extends KubeObject {
  /** The end of the window. */
  readonly timestamp: string;
  /** The time over which processor time was measured, as Go writes durations: `15.1s`. */
  readonly window: string;
  readonly usage: ResourceUsage;
}

export interface PodMetrics extends KubeObject {
  readonly timestamp: string;
  readonly window: string;
  readonly containers: readonly { readonly name: string; readonly usage: ResourceUsage }[];
}

export const nodeMetricsType: ResourceType<NodeMetrics> = {
  group: METRICS_GROUP,
  version: METRICS_VERSION,
  kind: 'NodeMetrics',
  plural: 'nodes',
  namespaced: false,
};

export const podMetricsType: ResourceType<PodMetrics> = {
  group: METRICS_GROUP,
  version: METRICS_VERSION,
  kind: 'PodMetrics',
  plural: 'pods',
  namespaced: true,
};
