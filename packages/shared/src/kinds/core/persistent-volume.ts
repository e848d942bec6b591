import type { PersistentVolume, PersistentVolumeSpec } from 'kubernetes-types/core/v1';
import {
  type FieldError,
  forbidden,
  immutable,
  invalidValue,
  notSupported,
  required,
} from '../../meta/field-error';
import { equalJson } from '../../meta/json';
import type { KindDefinition, StrategyContext } from '../../meta/kind';
import { parseQuantity } from '../../meta/quantity';
import { ageColumn, nameColumn } from '../columns';
import { keepAllButStatus, keepStatus, setStatus } from '../status-split';
import { defaultVolumeSource, validateVolumeSource, volumeSourceOf } from './persistent-volume-source';
import {
  positiveQuantity,
  shortAccessModes,
  storageClassOf,
  validateAccessModes,
  validateClassName,
  validateNodeSelectorTerms,
  validateVolumeMode,
} from './volume-common';

export type { PersistentVolume };

const RECLAIM_POLICIES = ['Delete', 'Recycle', 'Retain'];

export const persistentVolumeKind: KindDefinition<PersistentVolume> = {
  group: '',
  version: 'v1',
  kind: 'PersistentVolume',
  plural: 'persistentvolumes',
  singular: 'persistentvolume',
  shortNames: ['pv'],
  namespaced: false,
  schema: 'io.k8s.api.core.v1.PersistentVolume',
  status: true,
  hasGeneration: false,
  deleteReturnsObject: true,
  columns: [
    nameColumn,
    text('Capacity', 'The size of the volume.', ({ spec }) => spec?.capacity?.storage ?? ''),
    text('Access Modes', 'The ways in which the volume can be mounted.', ({ spec }) =>
      shortAccessModes(spec?.accessModes),
    ),
    text(
      'Reclaim Policy',
      'What happens to the volume when it is released from its claim.',
      ({ spec }) => spec?.persistentVolumeReclaimPolicy ?? '',
    ),
    text('Status', 'Whether the volume is available, bound or released.', ({ metadata, status }) =>
      metadata?.deletionTimestamp ? 'Terminating' : (status?.phase ?? ''),
    ),
    text('Claim', 'The claim that the volume is bound to.', ({ spec }) =>
      spec?.claimRef ? `${spec.claimRef.namespace ?? ''}/${spec.claimRef.name ?? ''}` : '',
    ),
    text('StorageClass', 'The class that the volume belongs to.', (volume) => storageClassOf(volume) ?? ''),
    text(
      'VolumeAttributesClass',
      'The class of attributes that the volume has.',
      ({ spec }) => spec?.volumeAttributesClassName ?? '<unset>',
    ),
    text('Reason', 'Why the volume is in its state.', ({ status }) => status?.reason ?? ''),
    ageColumn,
    {
      ...text(
        'VolumeMode',
        'Whether the volume is a file system or a raw block device.',
        ({ spec }) => spec?.volumeMode ?? '<unset>',
      ),
      priority: 1,
    },
  ],
  default(volume) {
    if (!volume.status?.phase) setStatus(volume, { ...volume.status, phase: 'Pending' });
    const { spec } = volume;
    if (!spec) return;
    spec.persistentVolumeReclaimPolicy ??= 'Retain';
    spec.volumeMode ??= 'Filesystem';
    defaultVolumeSource(spec);
  },
  prepareForCreate(volume, { now }) {
    setStatus(volume, { phase: 'Pending', lastPhaseTransitionTime: seconds(now) });
  },
  prepareForUpdate: keepStatus,
  prepareForStatusUpdate,
  validate: ({ spec }) =>
    spec ? validateVolumeSpec(spec, 'spec') : [required('spec.accessModes'), required('spec.capacity')],
  validateUpdate(next, previous) {
    const errors: FieldError[] = [];
    if (!equalJson(fixedSource(next, previous), volumeSourceOf(previous.spec))) {
      errors.push(
        forbidden('spec.persistentvolumesource', 'spec.persistentvolumesource is immutable after creation'),
      );
    }
    errors.push(...immutable('volumeMode', next.spec?.volumeMode, previous.spec?.volumeMode));
    if (previous.spec?.nodeAffinity) {
      errors.push(...immutable('nodeAffinity', next.spec?.nodeAffinity, previous.spec.nodeAffinity));
    }
    return errors;
  },
};

/** The source of a volume, but for the one secret that may be named later. */
function fixedSource(next: PersistentVolume, previous: PersistentVolume) {
  const source = volumeSourceOf(next.spec);
  const { csi } = source;
  const old = previous.spec?.csi;
  if (!csi?.controllerExpandSecretRef || !old || old.controllerExpandSecretRef) return source;
  const { controllerExpandSecretRef: _given, ...rest } = csi;
  return { ...source, csi: rest };
}

function text(name: string, description: string, cell: (volume: PersistentVolume) => string) {
  return { name, type: 'string', description, cell } as const;
}

/** The time of the change of phase is the server's to say. */
function prepareForStatusUpdate(
  next: PersistentVolume,
  previous: PersistentVolume,
  { now }: StrategyContext,
): void {
  keepAllButStatus(next, previous);
  if (next.status?.phase === previous.status?.phase) return;
  if (next.status?.lastPhaseTransitionTime !== previous.status?.lastPhaseTransitionTime) return;
  setStatus(next, { ...next.status, lastPhaseTransitionTime: seconds(now) });
}

function seconds(time: Date): string {
  return `${time.toISOString().slice(0, 19)}Z`;
}

/** Also checks the specs that volume attachments carry inline, which have no life of their own. */
export function validateVolumeSpec(
  spec: PersistentVolumeSpec,
  path: string,
  options: { inline?: boolean } = {},
): FieldError[] {
  const errors = options.inline ? validateInline(spec, path) : [];
  if (!spec.accessModes?.length) errors.push(required(`${path}.accessModes`));
  else errors.push(...validateAccessModes(spec.accessModes, `${path}.accessModes`));
  if (!options.inline) errors.push(...validateCapacity(spec.capacity ?? {}, `${path}.capacity`));
  const policy = spec.persistentVolumeReclaimPolicy;
  if (policy && !options.inline && !RECLAIM_POLICIES.includes(policy)) {
    errors.push(notSupported(`${path}.persistentVolumeReclaimPolicy`, policy, RECLAIM_POLICIES));
  }
  if (spec.nodeAffinity && !options.inline) {
    const at = `${path}.nodeAffinity.required`;
    errors.push(
      ...(spec.nodeAffinity.required
        ? validateNodeSelectorTerms(spec.nodeAffinity.required, at)
        : [required(at, 'must specify required node constraints')]),
    );
  }
  errors.push(...validateVolumeSource(spec, path));
  if (policy === 'Recycle' && spec.hostPath && /^\/+(\.\/*)*$/.test(spec.hostPath.path)) {
    errors.push(
      forbidden(`${path}.persistentVolumeReclaimPolicy`, "may not be 'recycle' for a hostPath mount of '/'"),
    );
  }
  if (spec.storageClassName && !options.inline) {
    errors.push(...validateClassName(spec.storageClassName, `${path}.storageClassName`));
  }
  if (!options.inline) errors.push(...validateVolumeMode(spec.volumeMode, `${path}.volumeMode`));
  if (spec.volumeAttributesClassName !== undefined) {
    const at = `${path}.volumeAttributesClassName`;
    if (!spec.volumeAttributesClassName) errors.push(required(at, 'an empty string is disallowed'));
    else errors.push(...validateClassName(spec.volumeAttributesClassName, at));
    if (!spec.csi)
      errors.push(required(`${path}.csi`, 'has to be specified when using volumeAttributesClassName'));
  }
  return errors;
}

function validateInline(spec: PersistentVolumeSpec, path: string): FieldError[] {
  const errors: FieldError[] = [];
  for (const field of ['claimRef', 'capacity', 'nodeAffinity', 'storageClassName'] as const) {
    if (spec[field]) {
      errors.push(forbidden(`${path}.${field}`, 'may not be specified in the context of inline volumes'));
    }
  }
  for (const [field, only] of [
    ['persistentVolumeReclaimPolicy', 'Retain'],
    ['volumeMode', 'Filesystem'],
  ] as const) {
    if (spec[field] && spec[field] !== only) {
      errors.push(forbidden(`${path}.${field}`, `may only be ${only} in the context of inline volumes`));
    }
  }
  if (!spec.csi) {
    errors.push(required(`${path}.csi`, 'has to be specified in the context of inline volumes'));
  }
  return errors;
}

function validateCapacity(capacity: Readonly<Record<string, string>>, path: string): FieldError[] {
  const names = Object.keys(capacity);
  const errors: FieldError[] = names.length === 0 ? [required(path)] : [];
  if (!Object.hasOwn(capacity, 'storage') || names.length > 1) {
    errors.push(notSupported(path, capacity, ['storage']));
  }
  for (const [name, quantity] of Object.entries(capacity)) {
    const field = `${path}[${name}]`;
    if (parseQuantity(quantity).nanos < 0n) {
      errors.push(invalidValue(field, quantity, 'must be a valid resource quantity'));
    }
    errors.push(...positiveQuantity(quantity, field));
  }
  return errors;
}
