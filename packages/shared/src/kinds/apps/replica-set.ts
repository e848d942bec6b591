import type { ReplicaSet } from 'kubernetes-types/apps/v1';
import { immutable, nonNegative } from '../../meta/field-error';
import type { KindDefinition } from '../../meta/kind';
import { selectorFromLabelSelector } from '../../meta/labels';
import { ageColumn, containerColumns, nameColumn } from '../columns';
import { defaultPodSpec } from '../core/pod-spec/defaults';
import { validateReplicaStatus } from '../core/replication-controller';
import { nullWhenUnset } from '../null-times';
import { keepAllButStatus, keepStatus, setStatus } from '../status-split';
import { isReadableSelector, validateServiceTemplate, validateWorkloadSelector } from '../workload';

export type { ReplicaSet };

export const replicaSetKind: KindDefinition<ReplicaSet> = {
  group: 'apps',
  version: 'v1',
  kind: 'ReplicaSet',
  plural: 'replicasets',
  singular: 'replicaset',
  shortNames: ['rs'],
  categories: ['all'],
  namespaced: true,
  schema: 'io.k8s.api.apps.v1.ReplicaSet',
  status: true,
  scale: {
    specReplicasPath: 'spec.replicas',
    statusReplicasPath: 'status.replicas',
    selectorPath: 'spec.selector',
    missing: { group: 'apps', resource: 'replicasets/scale' },
  },
  selectableFields: { 'status.replicas': (set) => String(set.status?.replicas ?? 0) },
  columns: [
    nameColumn,
    {
      name: 'Desired',
      type: 'integer',
      description: 'The number of desired replicas.',
      cell: (set) => set.spec?.replicas ?? 0,
    },
    {
      name: 'Current',
      type: 'integer',
      description: 'The most recently observed number of replicas.',
      cell: (set) => set.status?.replicas ?? 0,
    },
    {
      name: 'Ready',
      type: 'integer',
      description: 'The number of pods targeted by this ReplicaSet with a Ready Condition.',
      cell: (set) => set.status?.readyReplicas ?? 0,
    },
    ageColumn,
    ...containerColumns<ReplicaSet>((set) => set.spec?.template?.spec?.containers ?? []),
    {
      name: 'Selector',
      type: 'string',
      priority: 1,
      description: 'Label keys and values that must match in order to be controlled by this replica set.',
      cell: (set) => selectorFromLabelSelector(set.spec?.selector).toString(),
    },
  ],
  default(set) {
    for (const condition of set.status?.conditions ?? []) nullWhenUnset(condition, 'lastTransitionTime');
    if (!set.spec) return;
    set.spec.replicas ??= 1;
    if (set.spec.template?.spec) defaultPodSpec(set.spec.template.spec);
  },
  prepareForCreate(set) {
    setStatus(set, { replicas: 0 });
  },
  prepareForUpdate: keepStatus,
  prepareForStatusUpdate: keepAllButStatus,
  validate({ spec }) {
    return [
      ...nonNegative('spec.replicas', spec?.replicas),
      ...nonNegative('spec.minReadySeconds', spec?.minReadySeconds),
      ...validateWorkloadSelector(spec?.selector, spec?.template, { path: 'spec', kind: 'deployment' }),
      ...(isReadableSelector(spec?.selector)
        ? validateServiceTemplate(spec?.template, 'spec.template', 'ReplicaSet')
        : []),
    ];
  },
  validateUpdate: (next, previous) =>
    immutable('spec.selector', next.spec?.selector, previous.spec?.selector),
  validateStatusUpdate: (set) => validateReplicaStatus(set.status),
};
