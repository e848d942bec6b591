import type { PersistentVolumeClaim, PersistentVolumeClaimSpec } from 'kubernetes-types/core/v1';
import { type FieldError, forbidden, immutable, required } from '../../meta/field-error';
import { equalJson } from '../../meta/json';
import type { KindDefinition } from '../../meta/kind';
import { compareQuantities } from '../../meta/quantity';
import { ageColumn, nameColumn } from '../columns';
import { nullWhenUnset } from '../null-times';
import { keepAllButStatus, keepStatus, setStatus } from '../status-split';
import { validateClaimSpec } from './persistent-volume-claim-spec';
import { CLASS_ANNOTATION, nonNegativeQuantity, shortAccessModes, storageClassOf } from './volume-common';

export type { PersistentVolumeClaim };

export const persistentVolumeClaimKind: KindDefinition<PersistentVolumeClaim> = {
  group: '',
  version: 'v1',
  kind: 'PersistentVolumeClaim',
  plural: 'persistentvolumeclaims',
  singular: 'persistentvolumeclaim',
  shortNames: ['pvc'],
  namespaced: true,
  schema: 'io.k8s.api.core.v1.PersistentVolumeClaim',
  status: true,
  hasGeneration: false,
  deleteReturnsObject: true,
  columns: [
    nameColumn,
    text('Status', 'Whether the claim is pending, bound or lost.', ({ metadata, status }) =>
      metadata?.deletionTimestamp ? 'Terminating' : (status?.phase ?? ''),
    ),
    text('Volume', 'The volume that the claim is bound to.', ({ spec }) => spec?.volumeName ?? ''),
    text('Capacity', 'The size of the volume.', ({ spec, status }) =>
      spec?.volumeName ? (status?.capacity?.storage ?? '0') : '',
    ),
    text('Access Modes', 'The ways in which the volume can be mounted.', ({ spec, status }) =>
      spec?.volumeName ? shortAccessModes(status?.accessModes) : '',
    ),
    text('StorageClass', 'The class that the claim asks for.', (claim) => storageClassOf(claim) ?? ''),
    text(
      'VolumeAttributesClass',
      'The class of attributes that the claim asks for.',
      ({ spec }) => spec?.volumeAttributesClassName ?? '<unset>',
    ),
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
  default: defaultClaim,
  prepareForCreate(claim) {
    setStatus(claim, { phase: 'Pending' });
    if (claim.spec) normalizeDataSources(claim.spec);
  },
  prepareForUpdate(next, previous) {
    keepStatus(next, previous);
    // Clients that know the older field alone send it alone.
    if (next.spec) normalizeDataSources(next.spec, previous.spec);
  },
  prepareForStatusUpdate: keepAllButStatus,
  validate: ({ spec }) => validateClaimSpec(spec ?? {}, 'spec'),
  validateUpdate: validateClaimUpdate,
  validateStatusUpdate(next) {
    const errors: FieldError[] = [];
    if (!next.spec?.accessModes?.length) errors.push(required('Spec.accessModes'));
    for (const [name, quantity] of Object.entries(next.status?.capacity ?? {})) {
      errors.push(...nonNegativeQuantity(quantity, `status.capacity[${name}]`));
    }
    for (const [name, quantity] of Object.entries(next.status?.allocatedResources ?? {})) {
      errors.push(...nonNegativeQuantity(quantity, `status.allocatedResources[${name}]`));
    }
    return errors;
  },
};

function text(name: string, description: string, cell: (claim: PersistentVolumeClaim) => string) {
  return { name, type: 'string', description, cell } as const;
}

/** Also fills the claims that templates of workloads hold. */
export function defaultClaim(claim: PersistentVolumeClaim): void {
  if (!claim.status?.phase) setStatus(claim, { ...claim.status, phase: 'Pending' });
  for (const condition of claim.status?.conditions ?? []) {
    nullWhenUnset(condition, 'lastProbeTime', 'lastTransitionTime');
  }
  if (claim.spec) claim.spec.volumeMode ??= 'Filesystem';
}

/** Whether the older of the two fields for a volume's first content can say it. */
function isClassicSource({ apiGroup, kind }: { apiGroup?: string; kind: string }): boolean {
  return (
    (kind === 'PersistentVolumeClaim' && !apiGroup) ||
    (kind === 'VolumeSnapshot' && apiGroup === 'snapshot.storage.k8s.io')
  );
}

/** What one of the two fields says, the other one says as well, as far as it can. */
function normalizeDataSources(spec: PersistentVolumeClaimSpec, previous?: PersistentVolumeClaimSpec): void {
  const isSettled = previous?.dataSource || previous?.dataSourceRef;
  if (!isSettled && spec.dataSource && !isClassicSource(spec.dataSource)) delete spec.dataSource;
  if (spec.dataSource && !spec.dataSourceRef) spec.dataSourceRef = { ...spec.dataSource };
  else if (!spec.dataSource && spec.dataSourceRef && !spec.dataSourceRef.namespace) {
    const { namespace: _, ...reference } = spec.dataSourceRef;
    spec.dataSource = reference;
  }
}

/**
 * A claim stays what it was, so that quotas hold. The binder may say once which volume it got and, while it had
 * no class, which class; a bound claim may ask for more space. A growth that failed may be taken back, but not
 * below what the volume has.
 */
function validateClaimUpdate(next: PersistentVolumeClaim, previous: PersistentVolumeClaim): FieldError[] {
  const errors: FieldError[] = [];
  const now = { ...next.spec };
  const was = { ...previous.spec };
  if (!was.volumeName) delete now.volumeName;
  if (!was.volumeName) delete was.volumeName;
  if (was.storageClassName === undefined) delete now.storageClassName;
  if (previous.status?.phase === 'Bound') {
    now.resources = withoutSize(now.resources);
    was.resources = withoutSize(was.resources);
    delete now.volumeAttributesClassName;
    delete was.volumeAttributesClassName;
  }
  if (!equalJson(now, was)) {
    errors.push(
      forbidden(
        'spec',
        'spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims',
      ),
    );
  }
  const size = next.spec?.resources?.requests?.storage ?? '0';
  const before = previous.spec?.resources?.requests?.storage ?? '0';
  if (compareQuantities(size, before) < 0) {
    const held = previous.status?.capacity?.storage ?? '0';
    if (compareQuantities(size, held) <= 0 || previous.status?.phase !== 'Bound') {
      errors.push(forbidden('spec.resources.requests.storage', 'field can not be less than status.capacity'));
    }
  }
  errors.push(...immutable('volumeMode', next.spec?.volumeMode, previous.spec?.volumeMode));
  errors.push(...validateClassAnnotation(next, previous));
  return errors;
}

/** The annotation of earlier days stays, unless the field takes over what it says. */
function validateClassAnnotation(next: PersistentVolumeClaim, previous: PersistentVolumeClaim): FieldError[] {
  const before = previous.metadata?.annotations?.[CLASS_ANNOTATION];
  const now = next.metadata?.annotations?.[CLASS_ANNOTATION];
  const takenOver =
    before !== undefined &&
    previous.spec?.storageClassName === undefined &&
    next.spec?.storageClassName === before &&
    (now === undefined || now === before);
  return takenOver ? [] : immutable(`metadata.annotations[${CLASS_ANNOTATION}]`, now, before);
}

function withoutSize(resources: PersistentVolumeClaimSpec['resources']) {
  const { storage: _, ...requests } = resources?.requests ?? {};
  return { ...resources, requests };
}
