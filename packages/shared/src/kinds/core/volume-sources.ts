import type { PersistentVolumeSpec, SecretReference, Volume } from 'kubernetes-types/core/v1';
import {
  complaints,
  type FieldError,
  forbidden,
  invalidValue,
  notSupported,
  required,
} from '../../meta/field-error';
import { dns1123Label, dns1123Subdomain } from '../../meta/names';

/**
 * Where the bytes of a volume live, as far as pods and persistent volumes say it alike. Most types belong to storage
 * drivers: what is asked of them is that the needed fields are there.
 */

/** The fields of a source, read by name: each type has others. */
export type SourceFields = Readonly<Record<string, unknown>>;
export type SourceName = keyof Omit<Volume, 'name'> | keyof PersistentVolumeSpec;

export const HOST_PATH_TYPES = [
  '',
  'BlockDevice',
  'CharDevice',
  'Directory',
  'DirectoryOrCreate',
  'File',
  'FileOrCreate',
  'Socket',
];

/** Fields that must be there. */
const REQUIRED_FIELDS: Partial<Record<SourceName, readonly string[]>> = {
  awsElasticBlockStore: ['volumeID'],
  azureDisk: ['diskName', 'diskURI'],
  azureFile: ['secretName', 'shareName'],
  cephfs: ['monitors'],
  cinder: ['volumeID'],
  flexVolume: ['driver'],
  gcePersistentDisk: ['pdName'],
  gitRepo: ['repository'],
  glusterfs: ['endpoints', 'path'],
  iscsi: ['targetPortal', 'iqn'],
  local: ['path'],
  nfs: ['server', 'path'],
  persistentVolumeClaim: ['claimName'],
  photonPersistentDisk: ['pdID'],
  portworxVolume: ['volumeID'],
  quobyte: ['registry', 'volume'],
  rbd: ['monitors', 'image'],
  scaleIO: ['gateway', 'system', 'volumeName'],
  storageos: ['volumeName'],
  vsphereVolume: ['volumePath'],
};

/** Types that Kubernetes calls by another name in the paths of what it finds inside. */
const PATH_NAMES: Partial<Record<SourceName, string>> = { gcePersistentDisk: 'persistentDisk' };

/** What pods and persistent volumes must both say of a source. */
export function validateCommonSource(name: SourceName, source: SourceFields, parent: string): FieldError[] {
  const path = `${parent}.${PATH_NAMES[name] ?? name}`;
  const errors: FieldError[] = [];
  for (const field of REQUIRED_FIELDS[name] ?? []) {
    const value = source[field];
    if (!value || (Array.isArray(value) && value.length === 0)) errors.push(required(`${path}.${field}`));
  }
  return [...errors, ...(CHECKS[name]?.(source, path) ?? [])];
}

const text = (value: unknown): string => (typeof value === 'string' ? value : '');
const size = (value: unknown): number => (Array.isArray(value) ? value.length : 0);

const CHECKS: Partial<Record<SourceName, (source: SourceFields, path: string) => FieldError[]>> = {
  awsElasticBlockStore: validatePartition,
  azureDisk: validateAzureDisk,
  fc: validateFibreChannel,
  flexVolume: validateFlexOptions,
  flocker: validateDataset,
  gcePersistentDisk: validatePartition,
  gitRepo: ({ directory }, path) => validateLocalPath(text(directory), `${path}.directory`),
  hostPath(source, path) {
    const place = text(source.path);
    if (!place) return [required(`${path}.path`)];
    const errors = noBacksteps(place, `${path}.path`);
    const type = text(source.type);
    if (!HOST_PATH_TYPES.includes(type)) errors.push(notSupported(`${path}.type`, type, HOST_PATH_TYPES));
    return errors;
  },
  iscsi: validateIscsi,
  local: (source, path) => noBacksteps(text(source.path), `${path}.path`),
  quobyte: validateQuobyte,
  nfs(source, path) {
    const place = text(source.path);
    return place.startsWith('/') ? [] : [invalidValue(`${path}.path`, place, 'must be an absolute path')];
  },
  storageos({ volumeName, volumeNamespace }, path) {
    return (
      [
        ['volumeName', volumeName],
        ['volumeNamespace', volumeNamespace],
      ] as const
    ).flatMap(([field, value]) =>
      value ? complaints(`${path}.${field}`, value, dns1123Label(text(value))) : [],
    );
  },
};

function validatePartition({ partition = 0 }: SourceFields, path: string): FieldError[] {
  return typeof partition === 'number' && (partition < 0 || partition > 255)
    ? [invalidValue(`${path}.partition`, partition, 'must be between 1 and 255, inclusive')]
    : [];
}

/** Named in one of two ways. */
function validateDataset(source: SourceFields, path: string): FieldError[] {
  const [name, uuid] = [text(source.datasetName), text(source.datasetUUID)];
  const errors: FieldError[] = [];
  if (!name && !uuid) errors.push(required(path, 'one of datasetName and datasetUUID is required'));
  if (name && uuid) {
    errors.push(
      invalidValue(path, 'resource', 'datasetName and datasetUUID can not be specified simultaneously'),
    );
  }
  if (name.includes('/')) errors.push(invalidValue(`${path}.datasetName`, name, "must not contain '/'"));
  return errors;
}

function validateFibreChannel({ targetWWNs, wwids, lun }: SourceFields, path: string): FieldError[] {
  const at = `${path}.targetWWNs`;
  const errors: FieldError[] = [];
  if (size(targetWWNs) + size(wwids) === 0) {
    errors.push(required(at, 'must specify either targetWWNs or wwids, but not both'));
  }
  if (size(targetWWNs) > 0 && size(wwids) > 0) {
    errors.push(invalidValue(at, targetWWNs, 'targetWWNs and wwids can not be specified simultaneously'));
  }
  if (size(targetWWNs) === 0) return errors;
  if (lun === undefined) errors.push(required(`${path}.lun`, 'lun is required if targetWWNs is specified'));
  else errors.push(...validateLun(lun, path));
  return errors;
}

function validateLun(lun: unknown, path: string): FieldError[] {
  return typeof lun === 'number' && (lun < 0 || lun > 255)
    ? [invalidValue(`${path}.lun`, lun, 'must be between 0 and 255, inclusive')]
    : [];
}

const ISCSI_NAMES: Readonly<Record<string, RegExp>> = {
  iqn: /^iqn\.\d{4}-\d{2}\.([A-Za-z0-9-_.]+)(:[^,;*&$|\s]+)$/,
  eui: /^eui\.[0-9A-Fa-f]{16}$/,
  naa: /^naa\.[0-9A-Fa-f]{32}$/,
};

function validateIscsi(source: SourceFields, path: string): FieldError[] {
  const errors: FieldError[] = [];
  for (const [field, value] of [
    ['iqn', source.iqn],
    ['initiatorname', source.initiatorName],
  ] as const) {
    if (value === undefined || (field === 'iqn' && !value)) continue;
    const name = text(value);
    if (!ISCSI_NAMES[name.slice(0, 3)]?.test(name)) {
      errors.push(
        invalidValue(`${path}.${field}`, name, 'must be valid format starting with iqn, eui, or naa'),
      );
    }
  }
  errors.push(...validateLun(source.lun, path));
  const authenticates = source.chapAuthDiscovery === true || source.chapAuthSession === true;
  if (authenticates && !source.secretRef) errors.push(required(`${path}.secretRef`));
  return errors;
}

/** The registry is one pair of host and port, or more with commas between them. */
function validateQuobyte({ registry, tenant }: SourceFields, path: string): FieldError[] {
  if (!registry) return [];
  if (text(tenant).length >= 65) {
    return [required(`${path}.tenant`, 'must be a UUID and may not exceed a length of 64 characters')];
  }
  return text(registry)
    .split(',')
    .filter((pair) => !/^(\[[^[\]]*\]|[^:[\]]*):[^:[\]]*$/.test(pair))
    .map(() =>
      invalidValue(
        `${path}.registry`,
        registry,
        'must be a host:port pair or multiple pairs separated by commas',
      ),
    );
}

const CACHING_MODES = ['None', 'ReadOnly', 'ReadWrite'];
const MANAGED_DISK =
  '/subscriptions/{sub-id}/resourcegroups/{group-name}/providers/microsoft.compute/disks/{disk-id}';
const BLOB_DISK = 'https://{account-name}.blob.core.windows.net/{container-name}/{disk-name}.vhd';
const DISK_KINDS = ['Dedicated', 'Managed', 'Shared'];

function validateAzureDisk({ cachingMode, kind, diskURI }: SourceFields, path: string): FieldError[] {
  const errors: FieldError[] = [];
  if (cachingMode !== undefined && !CACHING_MODES.includes(text(cachingMode))) {
    errors.push(notSupported(`${path}.cachingMode`, cachingMode, CACHING_MODES));
  }
  if (kind === undefined) return errors;
  if (!DISK_KINDS.includes(text(kind))) errors.push(notSupported(`${path}.kind`, kind, DISK_KINDS));
  const form = kind === 'Managed' ? MANAGED_DISK : BLOB_DISK;
  if (!text(diskURI).startsWith(form.slice(0, form.indexOf('{')))) {
    errors.push(notSupported(`${path}.diskURI`, diskURI, [form]));
  }
  return errors;
}

/** Options under Kubernetes' own domains are for Kubernetes to give. */
function validateFlexOptions({ options }: SourceFields, path: string): FieldError[] {
  return Object.keys(typeof options === 'object' && options !== null ? options : {}).flatMap((key) => {
    const domain = `.${(key.includes('/') ? key.slice(0, key.indexOf('/')) : key).toLowerCase()}`;
    return domain.endsWith('.kubernetes.io') || domain.endsWith('.k8s.io')
      ? [invalidValue(`${path}.options[${key}]`, key, 'kubernetes.io and k8s.io namespaces are reserved')]
      : [];
  });
}

/** A path within a volume. */
export function validateLocalPath(value: string, path: string): FieldError[] {
  const errors: FieldError[] = [];
  if (value.startsWith('/')) errors.push(invalidValue(path, value, 'must be a relative path'));
  return [...errors, ...noBacksteps(value, path)];
}

export function noBacksteps(value: string, path: string): FieldError[] {
  return value.split('/').includes('..') ? [invalidValue(path, value, "must not contain '..'")] : [];
}

/** A secret in a namespace of its own, as persistent volumes name them. */
export function validateSecretReference(reference: SecretReference, path: string): FieldError[] {
  const { name = '', namespace = '' } = reference;
  return [
    ...(name === '' ? [required(`${path}.name`)] : complaints(`${path}.name`, name, dns1123Subdomain(name))),
    ...(namespace === ''
      ? [required(`${path}.namespace`)]
      : complaints(`${path}.namespace`, namespace, dns1123Label(namespace))),
  ];
}

/** Types that Kubernetes calls by another name where they are one too many. */
const SURPLUS_NAMES: Partial<Record<SourceName, string>> = { cephfs: 'cephFS', downwardAPI: 'downwarAPI' };

/** Looks at each type that is given, in Kubernetes' order: the first is the volume's, the others are too many. */
export function validateOneSource(
  names: readonly SourceName[],
  sources: SourceFields,
  options: { path: string; check(name: SourceName, source: SourceFields): FieldError[] },
): FieldError[] {
  const { path, check } = options;
  const errors: FieldError[] = [];
  let count = 0;
  for (const name of names) {
    const source = sources[name];
    if (source === undefined) continue;
    if (count++ > 0)
      errors.push(
        forbidden(`${path}.${SURPLUS_NAMES[name] ?? name}`, 'may not specify more than 1 volume type'),
      );
    // A source is an object, whatever its type.
    else errors.push(...check(name, source as SourceFields));
  }
  if (count === 0) errors.push(required(path, 'must specify a volume type'));
  return errors;
}
