import type { Deployment, DeploymentSpec } from 'kubernetes-types/apps/v1';
import {
  type FieldError,
  forbidden,
  immutable,
  invalidValue,
  nonNegative,
  notSupported,
} from '../../meta/field-error';
import { resolveIntOrPercent } from '../../meta/int-or-percent';
import type { KindDefinition } from '../../meta/kind';
import { selectorFromLabelSelector } from '../../meta/labels';
import { ageColumn, containerColumns, nameColumn } from '../columns';
import { defaultPodSpec } from '../core/pod-spec/defaults';
import { nullWhenUnset } from '../null-times';
import { keepAllButStatus, keepStatus, setStatus } from '../status-split';
import { isReadableSelector, validateServiceTemplate, validateWorkloadSelector } from '../workload';
import { notDecremented, validateAtMostAll, validateShare } from './update-share';

export type { Deployment };

export const deploymentKind: KindDefinition<Deployment> = {
  group: 'apps',
  version: 'v1',
  kind: 'Deployment',
  plural: 'deployments',
  singular: 'deployment',
  shortNames: ['deploy'],
  categories: ['all'],
  namespaced: true,
  schema: 'io.k8s.api.apps.v1.Deployment',
  status: true,
  // Rollbacks and pauses of old were asked for by annotations.
  generationCounts: 'annotations',
  scale: {
    specReplicasPath: 'spec.replicas',
    statusReplicasPath: 'status.replicas',
    selectorPath: 'spec.selector',
    missing: { group: 'apps', resource: 'deployments/scale' },
  },
  columns: [
    nameColumn,
    {
      name: 'Ready',
      type: 'string',
      description: 'Number of the pod with ready state',
      cell: ({ spec, status }) => `${status?.readyReplicas ?? 0}/${spec?.replicas ?? 0}`,
    },
    {
      name: 'Up-to-date',
      // The cell is a number all the same, as Kubernetes has it.
      type: 'string',
      description: 'Number of pods that run the current template.',
      cell: ({ status }) => status?.updatedReplicas ?? 0,
    },
    {
      name: 'Available',
      type: 'string',
      description: 'Number of pods that have been ready for minReadySeconds.',
      cell: ({ status }) => status?.availableReplicas ?? 0,
    },
    ageColumn,
    ...containerColumns<Deployment>((deployment) => deployment.spec?.template?.spec?.containers ?? []),
    {
      name: 'Selector',
      type: 'string',
      priority: 1,
      description: 'Label selector for pods.',
      cell: ({ spec }) => selectorFromLabelSelector(spec?.selector).toString(),
    },
  ],
  default(deployment) {
    for (const condition of deployment.status?.conditions ?? [])
      nullWhenUnset(condition, 'lastUpdateTime', 'lastTransitionTime');
    // Without a spec every field is missing; validation says which.
    const { spec } = deployment;
    if (!spec) return;
    spec.replicas ??= 1;
    spec.strategy ??= {};
    spec.strategy.type ??= 'RollingUpdate';
    if (spec.strategy.type === 'RollingUpdate') {
      spec.strategy.rollingUpdate ??= {};
      spec.strategy.rollingUpdate.maxUnavailable ??= '25%';
      spec.strategy.rollingUpdate.maxSurge ??= '25%';
    }
    spec.revisionHistoryLimit ??= 10;
    spec.progressDeadlineSeconds ??= 600;
    if (spec.template?.spec) defaultPodSpec(spec.template.spec);
  },
  prepareForCreate(deployment) {
    setStatus(deployment, {});
  },
  prepareForUpdate: keepStatus,
  prepareForStatusUpdate(next, previous) {
    keepAllButStatus(next, previous);
    if (next.metadata) next.metadata.labels = previous.metadata?.labels;
  },
  validate({ spec }) {
    return [
      ...nonNegative('spec.replicas', spec?.replicas),
      ...validateWorkloadSelector(spec?.selector, spec?.template, { path: 'spec', kind: 'deployment' }),
      ...(isReadableSelector(spec?.selector)
        ? validateServiceTemplate(spec?.template, 'spec.template', 'ReplicaSet')
        : []),
      ...validateStrategy(spec?.strategy),
      ...validateTimes(spec),
    ];
  },
  validateUpdate: (next, previous) =>
    immutable('spec.selector', next.spec?.selector, previous.spec?.selector),
  validateStatusUpdate: ({ status }, previous) => [
    ...validateStatus(status),
    ...notDecremented('status.collisionCount', status?.collisionCount, previous.status?.collisionCount),
  ],
};

function validateStrategy(strategy: DeploymentSpec['strategy']): FieldError[] {
  const path = 'spec.strategy';
  switch (strategy?.type) {
    case undefined:
      return [];
    case 'Recreate':
      return strategy.rollingUpdate
        ? [forbidden(`${path}.rollingUpdate`, "may not be specified when strategy `type` is 'Recreate'")]
        : [];
    case 'RollingUpdate': {
      const { maxSurge = 0, maxUnavailable = 0 } = strategy.rollingUpdate ?? {};
      const errors = [
        ...validateShare(maxUnavailable, `${path}.rollingUpdate.maxUnavailable`),
        ...validateShare(maxSurge, `${path}.rollingUpdate.maxSurge`),
      ];
      if (
        resolveIntOrPercent(maxUnavailable, 100, 'up') === 0 &&
        resolveIntOrPercent(maxSurge, 100, 'up') === 0
      ) {
        errors.push(
          invalidValue(
            `${path}.rollingUpdate.maxUnavailable`,
            maxUnavailable,
            'may not be 0 when `maxSurge` is 0',
          ),
        );
      }
      return [...errors, ...validateAtMostAll(maxUnavailable, `${path}.rollingUpdate.maxUnavailable`)];
    }
    default:
      return [notSupported(path, strategy, ['Recreate', 'RollingUpdate'])];
  }
}

function validateTimes(spec: DeploymentSpec | undefined): FieldError[] {
  const errors = [
    ...nonNegative('spec.minReadySeconds', spec?.minReadySeconds),
    ...nonNegative('spec.revisionHistoryLimit', spec?.revisionHistoryLimit),
    ...nonNegative('spec.progressDeadlineSeconds', spec?.progressDeadlineSeconds),
  ];
  const deadline = spec?.progressDeadlineSeconds;
  if (deadline !== undefined && deadline <= (spec?.minReadySeconds ?? 0)) {
    errors.push(
      invalidValue('spec.progressDeadlineSeconds', deadline, 'must be greater than minReadySeconds'),
    );
  }
  return errors;
}

function validateStatus(status: Deployment['status']): FieldError[] {
  const errors: FieldError[] = [];
  const names = [
    'observedGeneration',
    'replicas',
    'updatedReplicas',
    'readyReplicas',
    'availableReplicas',
    'unavailableReplicas',
    'collisionCount',
  ] as const;
  for (const name of names) errors.push(...nonNegative(`status.${name}`, status?.[name]));
  const atMost = (
    name: 'updatedReplicas' | 'readyReplicas' | 'availableReplicas',
    other: 'replicas' | 'readyReplicas',
  ) => {
    const value = status?.[name] ?? 0;
    if (value > (status?.[other] ?? 0)) {
      errors.push(invalidValue(`status.${name}`, value, `cannot be greater than status.${other}`));
    }
  };
  atMost('updatedReplicas', 'replicas');
  atMost('readyReplicas', 'replicas');
  atMost('availableReplicas', 'replicas');
  atMost('availableReplicas', 'readyReplicas');
  return errors;
}
