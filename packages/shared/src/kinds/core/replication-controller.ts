import type { ReplicationController } from 'kubernetes-types/core/v1';
import { type FieldError, nonNegative } from '../../meta/field-error';
import type { KindDefinition } from '../../meta/kind';
import { ageColumn, containerColumns, formatLabels, nameColumn } from '../columns';
import { nullWhenUnset } from '../null-times';
import { keepAllButStatus, keepStatus, setStatus } from '../status-split';
import { validateMapSelector, validateServiceTemplate } from '../workload';
import { defaultPodSpec } from './pod-spec/defaults';

export type { ReplicationController };

export const replicationControllerKind: KindDefinition<ReplicationController> = {
  group: '',
  version: 'v1',
  kind: 'ReplicationController',
  plural: 'replicationcontrollers',
  singular: 'replicationcontroller',
  shortNames: ['rc'],
  categories: ['all'],
  namespaced: true,
  schema: 'io.k8s.api.core.v1.ReplicationController',
  status: true,
  scale: {
    specReplicasPath: 'spec.replicas',
    statusReplicasPath: 'status.replicas',
    selectorPath: 'spec.selector',
    missing: { group: 'autoscaling', resource: 'replicationcontrollers/scale' },
  },
  defaultPropagation: 'orphan',
  selectableFields: { 'status.replicas': (rc) => String(rc.status?.replicas ?? 0) },
  columns: [
    nameColumn,
    {
      name: 'Desired',
      type: 'integer',
      description: 'The number of desired replicas.',
      cell: (rc) => rc.spec?.replicas ?? 0,
    },
    {
      name: 'Current',
      type: 'integer',
      description: 'The most recently observed number of replicas.',
      cell: (rc) => rc.status?.replicas ?? 0,
    },
    {
      name: 'Ready',
      type: 'integer',
      description: 'The number of ready replicas for this replication controller.',
      cell: (rc) => rc.status?.readyReplicas ?? 0,
    },
    ageColumn,
    ...containerColumns<ReplicationController>((rc) => rc.spec?.template?.spec?.containers ?? []),
    {
      name: 'Selector',
      type: 'string',
      priority: 1,
      description:
        'Label keys and values that must match in order to be controlled by this replication controller.',
      cell: (rc) => formatLabels(rc.spec?.selector),
    },
  ],
  default(rc) {
    for (const condition of rc.status?.conditions ?? []) nullWhenUnset(condition, 'lastTransitionTime');
    rc.spec ??= {};
    const labels = rc.spec.template?.metadata?.labels;
    if (labels && Object.keys(labels).length > 0) {
      if (Object.keys(rc.spec.selector ?? {}).length === 0) rc.spec.selector = { ...labels };
      // In place: others hold on to the metadata.
      rc.metadata ??= {};
      if (Object.keys(rc.metadata.labels ?? {}).length === 0) rc.metadata.labels = { ...labels };
    }
    rc.spec.replicas ??= 1;
    if (rc.spec.template?.spec) defaultPodSpec(rc.spec.template.spec);
  },
  prepareForCreate(rc) {
    setStatus(rc, { replicas: 0 });
  },
  prepareForUpdate: keepStatus,
  prepareForStatusUpdate: keepAllButStatus,
  validate(rc) {
    const { spec } = rc;
    return [
      ...nonNegative('spec.minReadySeconds', spec?.minReadySeconds),
      ...nonNegative('spec.replicas', spec?.replicas),
      ...validateMapSelector(spec?.selector, spec?.template, 'spec'),
      ...(spec?.template
        ? validateServiceTemplate(spec.template, 'spec.template', 'ReplicationController')
        : []),
    ];
  },
  validateStatusUpdate: (rc) => validateReplicaStatus(rc.status),
};

/** Counts of pods that cannot be. Shared with replica sets. */
export function validateReplicaStatus(
  status:
    | {
        replicas?: number;
        fullyLabeledReplicas?: number;
        readyReplicas?: number;
        availableReplicas?: number;
        observedGeneration?: number;
      }
    | undefined,
): FieldError[] {
  if (!status) return [];
  const errors: FieldError[] = [];
  const counts = [
    'replicas',
    'fullyLabeledReplicas',
    'readyReplicas',
    'availableReplicas',
    'observedGeneration',
  ] as const;
  for (const name of counts) errors.push(...nonNegative(`status.${name}`, status[name]));
  const atMost = (name: (typeof counts)[number], other: (typeof counts)[number]) => {
    const value = status[name] ?? 0;
    if (value > (status[other] ?? 0)) {
      errors.push({
        reason: 'FieldValueInvalid',
        field: `status.${name}`,
        message: `Invalid value: ${value}: cannot be greater than status.${other}`,
      });
    }
  };
  atMost('fullyLabeledReplicas', 'replicas');
  atMost('readyReplicas', 'replicas');
  atMost('availableReplicas', 'replicas');
  atMost('availableReplicas', 'readyReplicas');
  return errors;
}
