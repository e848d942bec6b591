import type { PersistentVolumeSpec } from 'kubernetes-types/core/v1';
import { type FieldError, forbidden, invalidValue, notSupported, required } from '../../meta/field-error';
import { HOST_PATH_TYPES, noBacksteps } from './pod-spec/volumes';
import { validateDriverName } from './volume-common';

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

type SourceName = (typeof SOURCES)[number];
type Sources = Pick<PersistentVolumeSpec, SourceName>;

/** Fields that must be there, for the types of storage that nothing here opens. */
const REQUIRED_FIELDS: Partial<Record<SourceName, readonly string[]>> = {
  gcePersistentDisk: ['pdName'],
  awsElasticBlockStore: ['volumeID'],
  glusterfs: ['endpoints', 'path'],
  nfs: ['server', 'path'],
  rbd: ['monitors', 'image'],
  quobyte: ['registry', 'volume'],
  cephfs: ['monitors'],
  iscsi: ['targetPortal', 'iqn'],
  cinder: ['volumeID'],
  flexVolume: ['driver'],
  azureFile: ['secretName', 'shareName'],
  vsphereVolume: ['volumePath'],
  photonPersistentDisk: ['pdID'],
  portworxVolume: ['volumeID'],
  azureDisk: ['diskName', 'diskURI'],
  scaleIO: ['gateway', 'system', 'volumeName'],
  local: ['path'],
  csi: ['volumeHandle'],
};

/** The part of a volume's spec that says where it lives; what nobody may change later. */
export function volumeSourceOf(spec: PersistentVolumeSpec | undefined): Partial<Sources> {
  return Object.fromEntries(
    SOURCES.filter((name) => spec?.[name] !== undefined).map((name) => [name, spec?.[name]]),
  );
}

/** Exactly one type, with the fields that it needs. */
export function validateVolumeSource(spec: PersistentVolumeSpec, path: string): FieldError[] {
  const errors: FieldError[] = [];
  let count = 0;
  for (const name of SOURCES) {
    const source = spec[name];
    if (source === undefined) continue;
    if (count++ > 0) {
      errors.push(forbidden(`${path}.${name}`, 'may not specify more than 1 volume type'));
      continue;
    }
    // Read by name; each type has other fields.
    const fields = source as Readonly<Record<string, unknown>>;
    for (const field of REQUIRED_FIELDS[name] ?? []) {
      const value = fields[field];
      if (!value || (Array.isArray(value) && value.length === 0))
        errors.push(required(`${path}.${name}.${field}`));
    }
    errors.push(...checkSource(spec, name, `${path}.${name}`));
  }
  if (count === 0) errors.push(required(path, 'must specify a volume type'));
  return errors;
}

function checkSource(spec: PersistentVolumeSpec, name: SourceName, path: string): FieldError[] {
  switch (name) {
    case 'hostPath': {
      const source = spec.hostPath;
      const errors = source?.path ? noBacksteps(source.path, `${path}.path`) : [required(`${path}.path`)];
      if (!HOST_PATH_TYPES.includes(source?.type ?? '')) {
        errors.push(notSupported(`${path}.type`, source?.type, HOST_PATH_TYPES));
      }
      return errors;
    }
    case 'local': {
      const errors = spec.local?.path ? noBacksteps(spec.local.path, `${path}.path`) : [];
      // Without it nobody would know which node the path is on.
      if (!spec.nodeAffinity?.required)
        errors.push(required('metadata.annotations', 'Local volume requires node affinity'));
      return errors;
    }
    case 'nfs':
      return spec.nfs?.path && !spec.nfs.path.startsWith('/')
        ? [invalidValue(`${path}.path`, spec.nfs.path, 'must be an absolute path')]
        : [];
    case 'fc': {
      const { targetWWNs, wwids, lun } = spec.fc ?? {};
      const at = `${path}.targetWWNs`;
      if (!targetWWNs?.length && !wwids?.length) {
        return [required(at, 'must specify either targetWWNs or wwids, but not both')];
      }
      if (targetWWNs?.length && wwids?.length) {
        return [invalidValue(at, targetWWNs, 'targetWWNs and wwids can not be specified simultaneously')];
      }
      if (!targetWWNs?.length) return [];
      if (lun === undefined) return [required(`${path}.lun`, 'lun is required if targetWWNs is specified')];
      return lun >= 0 && lun <= 255
        ? []
        : [invalidValue(`${path}.lun`, lun, 'must be between 0 and 255, inclusive')];
    }
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
  for (const name of SECRET_REFS) {
    const reference = csi?.[name];
    if (!reference) continue;
    if (!reference.name) errors.push(required(`${path}.${name}.name`));
    if (!reference.namespace) errors.push(required(`${path}.${name}.namespace`));
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
