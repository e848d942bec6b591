import type { StatefulSet, StatefulSetSpec } from 'kubernetes-types/apps/v1';
import {
  type FieldError,
  forbidden,
  invalidValue,
  nonNegative,
  notSupported,
  required,
} from '../../meta/field-error';
import { equalJson } from '../../meta/json';
import type { KindDefinition } from '../../meta/kind';
import { validateLabels } from '../../meta/labels';
import { validateAnnotations } from '../../meta/validation';
import { ageColumn, containerColumns, nameColumn } from '../columns';
import { defaultClaim } from '../core/persistent-volume-claim';
import { defaultPodSpec } from '../core/pod-spec/defaults';
import { nullWhenUnset } from '../null-times';
import { keepAllButStatus, keepStatus, setStatus } from '../status-split';
import { isReadableSelector, validateWorkloadSelector } from '../workload';
import { notDecremented, validateAtMostAll, validateShare, writtenNumber } from './update-share';

export type { StatefulSet };

/** The fields of a spec that may change after creation; the history limit does only since Kubernetes 1.33. */
const MUTABLE = [
  'replicas',
  'ordinals',
  'template',
  'updateStrategy',
  'persistentVolumeClaimRetentionPolicy',
  'minReadySeconds',
] as const;

export const statefulSetKind: KindDefinition<StatefulSet> = {
  group: 'apps',
  version: 'v1',
  kind: 'StatefulSet',
  plural: 'statefulsets',
  singular: 'statefulset',
  shortNames: ['sts'],
  categories: ['all'],
  namespaced: true,
  schema: 'io.k8s.api.apps.v1.StatefulSet',
  status: true,
  scale: {
    specReplicasPath: 'spec.replicas',
    statusReplicasPath: 'status.replicas',
    selectorPath: 'spec.selector',
  },
  columns: [
    nameColumn,
    {
      name: 'Ready',
      type: 'string',
      description: 'Number of the pod with ready state',
      cell: ({ spec, status }) => `${status?.readyReplicas ?? 0}/${spec?.replicas ?? 0}`,
    },
    ageColumn,
    ...containerColumns<StatefulSet>((set) => set.spec?.template?.spec?.containers ?? []),
  ],
  default: defaultStatefulSet,
  prepareForCreate(set) {
    setStatus(set, { replicas: 0, availableReplicas: 0 });
  },
  prepareForUpdate: keepStatus,
  prepareForStatusUpdate: keepAllButStatus,
  validate: ({ spec }) => validateSpec(spec),
  validateUpdate(next, previous) {
    const rest = (spec: StatefulSetSpec | undefined) => {
      const copy: Partial<StatefulSetSpec> = { ...spec };
      for (const field of MUTABLE) delete copy[field];
      return copy;
    };
    return equalJson(rest(next.spec), rest(previous.spec))
      ? []
      : [
          forbidden(
            'spec',
            "updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden",
          ),
        ];
  },
  validateStatusUpdate: ({ status }, previous) => [
    ...validateStatus(status),
    ...notDecremented('status.collisionCount', status?.collisionCount, previous.status?.collisionCount),
  ],
};

function defaultStatefulSet(set: StatefulSet): void {
  for (const condition of set.status?.conditions ?? []) nullWhenUnset(condition, 'lastTransitionTime');
  const { spec } = set;
  if (!spec) return;
  spec.podManagementPolicy ??= 'OrderedReady';
  spec.updateStrategy ??= {};
  const strategy = spec.updateStrategy;
  if (!strategy.type) {
    strategy.type = 'RollingUpdate';
    strategy.rollingUpdate ??= {};
  }
  // A strategy that names its type and says no more gets no partition.
  if (strategy.type === 'RollingUpdate' && strategy.rollingUpdate) strategy.rollingUpdate.partition ??= 0;
  spec.persistentVolumeClaimRetentionPolicy ??= {};
  spec.persistentVolumeClaimRetentionPolicy.whenDeleted ??= 'Retain';
  spec.persistentVolumeClaimRetentionPolicy.whenScaled ??= 'Retain';
  spec.replicas ??= 1;
  spec.revisionHistoryLimit ??= 10;
  if (spec.template?.spec) defaultPodSpec(spec.template.spec);
  for (const claim of spec.volumeClaimTemplates ?? []) {
    claim.kind = 'PersistentVolumeClaim';
    claim.apiVersion = 'v1';
    defaultClaim(claim);
  }
}

function validateSpec(spec: StatefulSetSpec | undefined): FieldError[] {
  return [
    ...validatePodManagement(spec?.podManagementPolicy),
    ...validateStrategy(spec?.updateStrategy),
    ...validateRetention(spec?.persistentVolumeClaimRetentionPolicy),
    ...nonNegative('spec.replicas', spec?.replicas),
    ...nonNegative('spec.minReadySeconds', spec?.minReadySeconds),
    ...nonNegative('spec.ordinals.start', spec?.ordinals?.start),
    ...validateWorkloadSelector(spec?.selector, spec?.template, { path: 'spec', kind: 'statefulset' }),
    ...validateTemplate(spec),
  ];
}

function validatePodManagement(policy: string | undefined): FieldError[] {
  if (!policy) return [required('spec.podManagementPolicy')];
  return policy === 'OrderedReady' || policy === 'Parallel'
    ? []
    : [invalidValue('spec.podManagementPolicy', policy, "must be 'OrderedReady' or 'Parallel'")];
}

function validateStrategy(strategy: StatefulSetSpec['updateStrategy']): FieldError[] {
  const path = 'spec.updateStrategy';
  const rolling = strategy?.rollingUpdate;
  switch (strategy?.type) {
    case undefined:
    case '':
      return [required(path)];
    case 'OnDelete':
      return rolling
        ? [invalidValue(`${path}.rollingUpdate`, rolling, `only allowed for updateStrategy 'RollingUpdate'`)]
        : [];
    case 'RollingUpdate': {
      const errors = nonNegative(`${path}.rollingUpdate.partition`, rolling?.partition);
      const most = rolling?.maxUnavailable;
      if (most === undefined) return errors;
      const field = `${path}.rollingUpdate.maxUnavailable`;
      errors.push(...validateShare(most, field));
      if (writtenNumber(most) === 0) errors.push(invalidValue(field, most, 'cannot be 0'));
      return [...errors, ...validateAtMostAll(most, field)];
    }
    default:
      return [invalidValue(path, strategy, "must be 'RollingUpdate' or 'OnDelete'")];
  }
}

function validateRetention(policy: StatefulSetSpec['persistentVolumeClaimRetentionPolicy']): FieldError[] {
  const path = 'spec.persistentVolumeClaimRetentionPolicy';
  const fields = ['whenDeleted', 'whenScaled'] as const;
  return fields.flatMap((name) => {
    const value = policy?.[name];
    return !policy || value === 'Retain' || value === 'Delete'
      ? []
      : [notSupported(`${path}.${name}`, value ?? '', ['Delete', 'Retain'])];
  });
}

/**
 * Volumes of claims are only added to the pods, so a template may mount what it does not list; as in Kubernetes its
 * pod spec is therefore looked at when the pods are made.
 */
function validateTemplate(spec: StatefulSetSpec | undefined): FieldError[] {
  const template = spec?.template;
  const path = 'spec.template';
  const errors: FieldError[] = [];
  if (isReadableSelector(spec?.selector)) {
    errors.push(
      ...validateLabels(template?.metadata?.labels, `${path}.labels`),
      ...validateAnnotations(template?.metadata?.annotations, `${path}.annotations`),
    );
  }
  const policy = template?.spec?.restartPolicy;
  if (policy !== 'Always') {
    errors.push(notSupported(`${path}.spec.restartPolicy`, policy ?? '', ['Always']));
  }
  if (template?.spec?.activeDeadlineSeconds !== undefined) {
    errors.push(
      forbidden(
        `${path}.spec.activeDeadlineSeconds`,
        'activeDeadlineSeconds in StatefulSet is not Supported',
      ),
    );
  }
  return errors;
}

function validateStatus(status: StatefulSet['status']): FieldError[] {
  const errors: FieldError[] = [];
  const names = [
    'replicas',
    'readyReplicas',
    'currentReplicas',
    'updatedReplicas',
    'availableReplicas',
    'observedGeneration',
    'collisionCount',
  ] as const;
  for (const name of names) errors.push(...nonNegative(`status.${name}`, status?.[name]));
  const atMost = (name: (typeof names)[number], other: 'replicas' | 'readyReplicas') => {
    const value = status?.[name] ?? 0;
    if (value > (status?.[other] ?? 0)) {
      errors.push(invalidValue(`status.${name}`, value, `cannot be greater than status.${other}`));
    }
  };
  for (const name of ['readyReplicas', 'currentReplicas', 'updatedReplicas', 'availableReplicas'] as const) {
    atMost(name, 'replicas');
  }
  atMost('availableReplicas', 'readyReplicas');
  return errors;
}
