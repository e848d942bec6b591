import type { PersistentVolumeSpec } from 'kubernetes-types/core/v1';
import { complaints, type FieldError, required } from '../../meta/field-error';
import { dns1123Label } from '../../meta/names';
import { validateDriverName } from './volume-common';
import {
  type SourceFields,
  type SourceName,
  validateCommonSource,
  validateOneSource,
  validateSecretReference,
} from './volume-sources';

/** Where the bytes of a persistent volume live. Kubernetes looks at the types in this order. */
const SOURCES = [
  'hostPath',
  'gcePersistentDisk',
  'awsElasticBlockStore',
  'glusterfs',
  'flocker',
  'nfs',
  'rbd',
  'quobyte',
  'cephfs',
  'iscsi',
  'cinder',
  'fc',
  'flexVolume',
  'azureFile',
  'vsphereVolume',
  'photonPersistentDisk',
  'portworxVolume',
  'azureDisk',
  'scaleIO',
  'local',
  'storageos',
  'csi',
] as const;

type Sources = Pick<PersistentVolumeSpec, (typeof SOURCES)[number]>;

/** The part of a volume's spec that says where it lives; what nobody may change later. */
export function volumeSourceOf(spec: PersistentVolumeSpec | undefined): Partial<Sources> {
  return Object.fromEntries(
    SOURCES.filter((name) => spec?.[name] !== undefined).map((name) => [name, spec?.[name]]),
  );
}

/** Exactly one type, with the fields that it needs. */
export function validateVolumeSource(spec: PersistentVolumeSpec, path: string): FieldError[] {
  // Read by name; each type has other fields.
  return validateOneSource(SOURCES, spec as unknown as SourceFields, {
    path,
    check: (name, source) => [
      ...validateCommonSource(name, source, path),
      ...validateOwnSource(spec, name, path),
    ],
  });
}

/** What only persistent volumes can have, or say in another way than pods. */
function validateOwnSource(spec: PersistentVolumeSpec, name: SourceName, parent: string): FieldError[] {
  const path = `${parent}.${name}`;
  switch (name) {
    case 'local':
      // Without it nobody would know which node the path is on.
      return spec.nodeAffinity
        ? []
        : [required(`${parent}.nodeAffinity`, 'Local volume requires node affinity')];
    case 'iscsi':
      return spec.iscsi?.secretRef && !spec.iscsi.secretRef.name ? [required(`${path}.secretRef.name`)] : [];
    case 'cinder':
      return spec.cinder?.secretRef
        ? validateSecretReference(spec.cinder.secretRef, `${path}.secretRef`)
        : [];
    case 'storageos': {
      const secret = spec.storageos?.secretRef;
      return secret ? validateSecretReference(secret, `${path}.secretRef`) : [];
    }
    case 'glusterfs': {
      const namespace = spec.glusterfs?.endpointsNamespace;
      return namespace === undefined
        ? []
        : complaints(`${path}.endpointsNamespace`, namespace, dns1123Label(namespace));
    }
    case 'azureFile':
      return spec.azureFile?.secretNamespace === '' ? [required(`${path}.secretNamespace`)] : [];
    case 'csi':
      return validateCsi(spec, path);
    default:
      return [];
  }
}

const SECRET_REFS = [
  'controllerPublishSecretRef',
  'controllerExpandSecretRef',
  'nodePublishSecretRef',
  'nodeExpandSecretRef',
] as const;

function validateCsi({ csi }: PersistentVolumeSpec, path: string): FieldError[] {
  const errors = validateDriverName(csi?.driver, `${path}.driver`);
  if (!csi?.volumeHandle) errors.push(required(`${path}.volumeHandle`));
  for (const name of SECRET_REFS) {
    const reference = csi?.[name];
    if (reference) errors.push(...validateSecretReference(reference, `${path}.${name}`));
  }
  return errors;
}

/** Fills what Kubernetes fills for the types that have defaults. */
export function defaultVolumeSource(spec: PersistentVolumeSpec): void {
  if (spec.hostPath) spec.hostPath.type ??= '';
  if (spec.iscsi) spec.iscsi.iscsiInterface ??= 'default';
  if (spec.rbd) {
    spec.rbd.pool ??= 'rbd';
    spec.rbd.user ??= 'admin';
    spec.rbd.keyring ??= '/etc/ceph/keyring';
  }
  if (spec.azureDisk) {
    spec.azureDisk.cachingMode ??= 'ReadWrite';
    spec.azureDisk.kind ??= 'Shared';
    spec.azureDisk.fsType ??= 'ext4';
    spec.azureDisk.readOnly ??= false;
  }
  if (spec.scaleIO) {
    spec.scaleIO.storageMode ??= 'ThinProvisioned';
    spec.scaleIO.fsType ??= 'xfs';
  }
}
