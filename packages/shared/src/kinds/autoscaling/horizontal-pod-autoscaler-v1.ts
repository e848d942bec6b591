import type { HorizontalPodAutoscaler as V1 } from 'kubernetes-types/autoscaling/v1';
import type { MetricSpec, HorizontalPodAutoscaler as V2 } from 'kubernetes-types/autoscaling/v2';
import type { KindDefinition, PrintColumn } from '../../meta/kind';
import { horizontalPodAutoscalerKind } from './horizontal-pod-autoscaler';
import {
  BEHAVIOR_ANNOTATION,
  CONDITIONS_ANNOTATION,
  CURRENT_METRICS_ANNOTATION,
  METRICS_ANNOTATION,
  readBehavior,
  readConditions,
  readMetrics,
  readStatuses,
  writeBehavior,
  writeConditions,
  writeMetrics,
  writeStatuses,
} from './v1-annotations';

export type { V1 as HorizontalPodAutoscalerV1 };

const OWN_ANNOTATIONS = [
  METRICS_ANNOTATION,
  CURRENT_METRICS_ANNOTATION,
  CONDITIONS_ANNOTATION,
  BEHAVIOR_ANNOTATION,
];

/** The older view of autoscalers. Its rules are those of the stored form, seen through it. */
export const horizontalPodAutoscalerV1Kind: KindDefinition<V1> = {
  group: 'autoscaling',
  version: 'v1',
  kind: 'HorizontalPodAutoscaler',
  plural: 'horizontalpodautoscalers',
  singular: 'horizontalpodautoscaler',
  shortNames: ['hpa'],
  categories: ['all'],
  namespaced: true,
  schema: 'io.k8s.api.autoscaling.v1.HorizontalPodAutoscaler',
  status: true,
  fieldAnnotations: OWN_ANNOTATIONS,
  hasGeneration: false,
  columns: (horizontalPodAutoscalerKind.columns ?? []).map(throughV2),
  default: (object) => through(object, (v2) => horizontalPodAutoscalerKind.default?.(v2)),
  prepareForCreate: (object, context) =>
    through(object, (v2) => horizontalPodAutoscalerKind.prepareForCreate?.(v2, context)),
  prepareForUpdate: (next, previous, context) =>
    through(next, (v2) => horizontalPodAutoscalerKind.prepareForUpdate?.(v2, toV2(previous), context)),
  prepareForStatusUpdate: (next, previous, context) =>
    through(next, (v2) => horizontalPodAutoscalerKind.prepareForStatusUpdate?.(v2, toV2(previous), context)),
  validate: (object) => horizontalPodAutoscalerKind.validate?.(toV2(object)) ?? [],
  validateStatusUpdate: (next, previous) =>
    horizontalPodAutoscalerKind.validateStatusUpdate?.(toV2(next), toV2(previous)) ?? [],
  storedAs: horizontalPodAutoscalerKind,
  convert: {
    // Both are what the registry stores under autoscaling/v2.
    fromStored: (object) => toV1(object as V2),
    toStored: (object) => toV2(object),
  },
};

function throughV2(column: PrintColumn<V2>): PrintColumn<V1> {
  return { ...column, cell: (object, now) => column.cell(toV2(object), now) };
}

/** Changes an object of this form by a rule of the stored one. The metadata object stays: others hold on to it. */
function through(object: V1, change: (v2: V2) => void): void {
  const v2 = toV2(object);
  change(v2);
  const { metadata, ...rest } = toV1(v2);
  const kept = object.metadata;
  for (const key of Object.keys(object)) Reflect.deleteProperty(object, key);
  Object.assign(object, rest);
  if (!kept) {
    if (metadata) object.metadata = metadata;
    return;
  }
  if (metadata?.annotations) kept.annotations = metadata.annotations;
  else delete kept.annotations;
  if (metadata?.ownerReferences) kept.ownerReferences = metadata.ownerReferences;
  else delete kept.ownerReferences;
  object.metadata = kept;
}

function toV2(object: V1): V2 {
  const { metadata, spec, status } = object;
  const annotations = { ...metadata?.annotations };
  const metrics = readMetrics(annotations[METRICS_ANNOTATION]) ?? [];
  const behavior = readBehavior(annotations[BEHAVIOR_ANNOTATION]);
  const statuses = readStatuses(annotations[CURRENT_METRICS_ANNOTATION]);
  const conditions = readConditions(annotations[CONDITIONS_ANNOTATION]);
  for (const name of OWN_ANNOTATIONS) delete annotations[name];
  const cpu = spec?.targetCPUUtilizationPercentage;
  if (cpu !== undefined) metrics.push(cpuTarget(cpu));
  const measured = status?.currentCPUUtilizationPercentage;
  const currentMetrics = withCpu(statuses ?? [], measured);
  const { annotations: _theirs, ...rest } = metadata ?? {};
  return {
    apiVersion: 'autoscaling/v2',
    kind: 'HorizontalPodAutoscaler',
    ...(metadata
      ? { metadata: { ...rest, ...(Object.keys(annotations).length > 0 ? { annotations } : {}) } }
      : {}),
    ...(spec
      ? {
          spec: {
            // May be missing in what a client sends, whatever the types say: validation tells.
            scaleTargetRef: spec.scaleTargetRef,
            ...(spec.minReplicas === undefined ? {} : { minReplicas: spec.minReplicas }),
            maxReplicas: spec.maxReplicas,
            ...(metrics.length > 0 ? { metrics } : {}),
            ...(behavior ? { behavior } : {}),
          },
        }
      : {}),
    ...(status
      ? {
          status: {
            ...(status.observedGeneration === undefined
              ? {}
              : { observedGeneration: status.observedGeneration }),
            ...(status.lastScaleTime === undefined ? {} : { lastScaleTime: status.lastScaleTime }),
            currentReplicas: status.currentReplicas ?? 0,
            desiredReplicas: status.desiredReplicas ?? 0,
            ...(currentMetrics.length > 0 ? { currentMetrics } : {}),
            ...(conditions ? { conditions } : {}),
          },
        }
      : {}),
  };
}

function toV1(object: V2): V1 {
  const { metadata, spec, status } = object;
  const annotations = { ...metadata?.annotations };
  const others = (spec?.metrics ?? []).filter((metric) => !isCpuTarget(metric));
  const cpu = (spec?.metrics ?? []).findLast(isCpuTarget)?.resource?.target.averageUtilization;
  const measured = (status?.currentMetrics ?? []).findLast(
    ({ type, resource }) => type === 'Resource' && resource?.name === 'cpu',
  )?.resource?.current.averageUtilization;
  if (others.length > 0) annotations[METRICS_ANNOTATION] = writeMetrics(others);
  if (spec?.behavior) annotations[BEHAVIOR_ANNOTATION] = writeBehavior(spec.behavior);
  if (status?.currentMetrics?.length) {
    annotations[CURRENT_METRICS_ANNOTATION] = writeStatuses(status.currentMetrics);
  }
  if (status?.conditions?.length) annotations[CONDITIONS_ANNOTATION] = writeConditions(status.conditions);
  const { annotations: _theirs, ...rest } = metadata ?? {};
  return {
    apiVersion: 'autoscaling/v1',
    kind: 'HorizontalPodAutoscaler',
    ...(metadata
      ? { metadata: { ...rest, ...(Object.keys(annotations).length > 0 ? { annotations } : {}) } }
      : {}),
    ...(spec
      ? {
          spec: {
            scaleTargetRef: spec.scaleTargetRef,
            ...(spec.minReplicas === undefined ? {} : { minReplicas: spec.minReplicas }),
            maxReplicas: spec.maxReplicas,
            ...(cpu === undefined ? {} : { targetCPUUtilizationPercentage: cpu }),
          },
        }
      : {}),
    ...(status
      ? {
          status: {
            ...(status.observedGeneration === undefined
              ? {}
              : { observedGeneration: status.observedGeneration }),
            ...(status.lastScaleTime === undefined ? {} : { lastScaleTime: status.lastScaleTime }),
            currentReplicas: status.currentReplicas ?? 0,
            desiredReplicas: status.desiredReplicas ?? 0,
            ...(measured === undefined ? {} : { currentCPUUtilizationPercentage: measured }),
          },
        }
      : {}),
  };
}

function cpuTarget(share: number): MetricSpec {
  return {
    type: 'Resource',
    resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: share } },
  };
}

function isCpuTarget({ type, resource }: MetricSpec): boolean {
  return type === 'Resource' && resource?.name === 'cpu' && resource.target.averageUtilization !== undefined;
}

/** The field of v1 wins over what the annotation says of the same. */
function withCpu(
  statuses: NonNullable<NonNullable<V2['status']>['currentMetrics']>,
  share: number | undefined,
) {
  if (share === undefined) return statuses;
  const isCpu = ({ type, resource }: (typeof statuses)[number]) =>
    type === 'Resource' && resource?.name === 'cpu';
  const known = statuses.find(isCpu);
  const resource = { name: 'cpu', current: { ...known?.resource?.current, averageUtilization: share } };
  const status = { type: 'Resource', resource };
  return known ? statuses.map((one) => (one === known ? status : one)) : [...statuses, status];
}
