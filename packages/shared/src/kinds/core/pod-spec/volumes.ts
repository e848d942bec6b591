import type { KeyToPath, PodSpec, Volume } from 'kubernetes-types/core/v1';
import {
  complaints,
  duplicate,
  type FieldError,
  forbidden,
  invalidValue,
  required,
} from '../../../meta/field-error';
import { dns1123Label, dns1123Subdomain } from '../../../meta/names';
import { parseQuantity } from '../../../meta/quantity';
import { validateClaimTemplate } from '../persistent-volume-claim-spec';
import { validateDriverName } from '../volume-common';
import {
  type SourceFields,
  type SourceName,
  validateCommonSource,
  validateLocalPath,
  validateOneSource,
} from '../volume-sources';
import { validateFieldRef, validateResourceFieldRef } from './env';

/** Kubernetes looks at the types in this order. */
const TYPES: readonly (keyof Omit<Volume, 'name'> | 'image')[] = [
  'emptyDir',
  'hostPath',
  'gitRepo',
  'gcePersistentDisk',
  'awsElasticBlockStore',
  'secret',
  'nfs',
  'iscsi',
  'glusterfs',
  'flocker',
  'persistentVolumeClaim',
  'rbd',
  'cinder',
  'cephfs',
  'quobyte',
  'downwardAPI',
  'fc',
  'flexVolume',
  'configMap',
  'azureFile',
  'vsphereVolume',
  'photonPersistentDisk',
  'portworxVolume',
  'azureDisk',
  'storageos',
  'projected',
  'scaleIO',
  'csi',
  'ephemeral',
  'image',
];

/** The errors, and the volumes that containers may mount: those without any. */
export function validateVolumes(
  volumes: PodSpec['volumes'],
  path: string,
): { errors: FieldError[]; valid: Map<string, Volume> } {
  const valid = new Map<string, Volume>();
  const errors = (volumes ?? []).flatMap((volume, i) => {
    const at = `${path}[${i}]`;
    const own = [...validateSource(volume, at), ...validateIscsiLength(volume, at)];
    if (!volume.name) own.push(required(`${at}.name`));
    else own.push(...complaints(`${at}.name`, volume.name, dns1123Label(volume.name)));
    if (valid.has(volume.name)) own.push(duplicate(`${at}.name`, volume.name));
    if (own.length === 0) valid.set(volume.name, volume);
    return own;
  });
  return { errors, valid };
}

/** The kubelet makes a name of the two. */
function validateIscsiLength({ name, iscsi }: Volume, path: string): FieldError[] {
  if (iscsi?.initiatorName === undefined || `${name}:${iscsi.targetPortal}`.length <= 64) return [];
  const why =
    'Total length of <volume name>:<iscsi.targetPortal> must be under 64 characters if iscsi.initiatorName is specified.';
  return [invalidValue(`${path}.name`, name, why)];
}

function validateSource(volume: Volume, path: string): FieldError[] {
  // Read by name; each type has other fields.
  return validateOneSource(TYPES as readonly SourceName[], volume as unknown as SourceFields, {
    path,
    check: (name, source) => [
      ...validateCommonSource(name, source, path),
      ...validateOwnSource(volume, name, `${path}.${name}`),
    ],
  });
}

/** What only pods can have, or say in another way than persistent volumes. */
function validateOwnSource(volume: Volume, name: SourceName, path: string): FieldError[] {
  switch (name) {
    case 'emptyDir': {
      const limit = volume.emptyDir?.sizeLimit;
      return limit !== undefined && parseQuantity(limit).nanos < 0n
        ? [forbidden(`${path}.sizeLimit`, 'SizeLimit field must be a valid resource quantity')]
        : [];
    }
    case 'secret':
      return [
        ...(volume.secret?.secretName ? [] : [required(`${path}.secretName`)]),
        ...validateFiles(volume.secret, path),
      ];
    case 'configMap':
      return [
        ...(volume.configMap?.name ? [] : [required(`${path}.name`)]),
        ...validateFiles(volume.configMap, path),
      ];
    case 'downwardAPI':
      return [
        ...validateMode(volume.downwardAPI?.defaultMode, `${path}.defaultMode`),
        ...(volume.downwardAPI?.items ?? []).flatMap((item) => validateDownwardItem(item, path)),
      ];
    case 'projected':
      return validateProjected(volume.projected ?? {}, path);
    case 'csi': {
      // The space in the path is Kubernetes' own.
      const secret = volume.csi?.nodePublishSecretRef;
      const errors = validateDriverName(volume.csi?.driver, `${path}.driver`);
      if (!secret) return errors;
      if (!secret.name) errors.push(required(`${path}.nodePublishSecretRef .name`));
      else errors.push(...complaints(`${path}.name`, secret.name, dns1123Subdomain(secret.name)));
      return errors;
    }
    case 'ephemeral': {
      const template = volume.ephemeral?.volumeClaimTemplate;
      const at = `${path}.volumeClaimTemplate`;
      return template ? validateClaimTemplate(template, at) : [required(at)];
    }
    case 'cinder':
      return volume.cinder?.secretRef && !volume.cinder.secretRef.name
        ? [required(`${path}.secretRef.name`)]
        : [];
    case 'storageos':
      return volume.storageos?.secretRef && !volume.storageos.secretRef.name
        ? [required(`${path}.secretRef.name`)]
        : [];
    default:
      return [];
  }
}

type Projection = NonNullable<NonNullable<Volume['projected']>['sources']>[number];

function validateProjected(projected: NonNullable<Volume['projected']>, path: string): FieldError[] {
  const errors = validateMode(projected.defaultMode, `${path}.defaultMode`);
  const taken = new Set<string>();
  projected.sources?.forEach((source, i) => {
    const at = `${path}.sources[${i}]`;
    errors.push(...validateProjection(source, { at, volume: path }));
    for (const file of filesOf(source)) {
      if (taken.has(file)) errors.push(invalidValue(path, file, 'conflicting duplicate paths'));
      taken.add(file);
    }
    if (Object.keys(source).length > 1) {
      errors.push(forbidden(at, 'may not specify more than 1 volume type per source'));
    }
  });
  return errors;
}

function filesOf({ secret, configMap, downwardAPI }: Projection): string[] {
  const items = [secret?.items, configMap?.items, downwardAPI?.items];
  return items.flatMap((list) => (list ?? []).map(({ path }) => path)).filter(Boolean);
}

/** Kubernetes reports the path of a token under the volume as a whole. */
function validateProjection(
  { secret, configMap, downwardAPI, serviceAccountToken }: Projection,
  { at, volume }: { at: string; volume: string },
): FieldError[] {
  const errors: FieldError[] = [];
  for (const [name, source] of [
    ['secret', secret],
    ['configMap', configMap],
  ] as const) {
    if (!source) continue;
    if (!source.name) errors.push(required(`${at}.${name}.name`));
    errors.push(...validateItems(source.items, `${at}.${name}.items`));
  }
  for (const item of downwardAPI?.items ?? [])
    errors.push(...validateDownwardItem(item, `${at}.downwardAPI`));
  if (!serviceAccountToken) return errors;
  const field = `${at}.serviceAccountToken.expirationSeconds`;
  const seconds = serviceAccountToken.expirationSeconds ?? 3600;
  if (seconds < 600) {
    errors.push(invalidValue(field, seconds, 'may not specify a duration less than 10 minutes'));
  }
  if (seconds > 2 ** 32) {
    errors.push(invalidValue(field, seconds, 'may not specify a duration larger than 2^32 seconds'));
  }
  return [...errors, ...validateFilePath(serviceAccountToken.path, `${volume}.path`)];
}

type DownwardItem = NonNullable<NonNullable<Volume['downwardAPI']>['items']>[number];

function validateDownwardItem(item: DownwardItem, path: string): FieldError[] {
  const errors = validateFilePath(item.path, `${path}.path`);
  if (item.fieldRef) {
    errors.push(...validateFieldRef(item.fieldRef, `${path}.fieldRef`, 'volume'));
    if (item.resourceFieldRef)
      errors.push(
        invalidValue(path, 'resource', 'fieldRef and resourceFieldRef can not be specified simultaneously'),
      );
  } else if (item.resourceFieldRef) {
    errors.push(...validateResourceFieldRef(item.resourceFieldRef, `${path}.resourceFieldRef`, 'volume'));
  } else {
    errors.push(required(path, 'one of fieldRef and resourceFieldRef is required'));
  }
  return [...errors, ...validateMode(item.mode, `${path}.mode`)];
}

function validateFiles(
  source: { defaultMode?: number; items?: readonly KeyToPath[] } | undefined,
  path: string,
): FieldError[] {
  return [
    ...validateMode(source?.defaultMode, `${path}.defaultMode`),
    ...validateItems(source?.items, `${path}.items`),
  ];
}

function validateItems(items: readonly KeyToPath[] | undefined, path: string): FieldError[] {
  return (items ?? []).flatMap((item, i) => [
    ...(item.key ? [] : [required(`${path}[${i}].key`)]),
    ...validateFilePath(item.path, `${path}[${i}].path`),
    ...validateMode(item.mode, `${path}[${i}].mode`),
  ]);
}

function validateMode(mode: number | undefined, path: string): FieldError[] {
  return mode !== undefined && (mode < 0 || mode > 0o777)
    ? [invalidValue(path, mode, 'must be a number between 0 and 0777 (octal), both inclusive')]
    : [];
}

/** A path within a volume that files are written to. */
function validateFilePath(value: string | undefined, path: string): FieldError[] {
  if (!value) return [required(path)];
  const errors = validateLocalPath(value, path);
  // `..data` and the like are where the kubelet keeps its own things.
  if (value.startsWith('..') && !value.startsWith('../')) {
    errors.push(invalidValue(path, value, "must not start with '..'"));
  }
  return errors;
}
