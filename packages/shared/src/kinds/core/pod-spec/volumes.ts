import type { Container, KeyToPath, PodSpec, Volume } from 'kubernetes-types/core/v1';
import {
  complaints,
  duplicate,
  type FieldError,
  forbidden,
  invalidValue,
  notFoundValue,
  notSupported,
  required,
} from '../../../meta/field-error';
import { dns1123Label } from '../../../meta/names';
import { parseQuantity } from '../../../meta/quantity';
import { validateFieldRef, validateResourceFieldRef } from './env';

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

export function validateVolumes(volumes: PodSpec['volumes'], path: string): FieldError[] {
  const names = new Set<string>();
  return (volumes ?? []).flatMap((volume, i) => {
    const at = `${path}[${i}]`;
    const errors = validateSource(volume, at);
    if (!volume.name) errors.push(required(`${at}.name`));
    else errors.push(...complaints(`${at}.name`, volume.name, dns1123Label(volume.name)));
    if (volume.name && names.has(volume.name)) errors.push(duplicate(`${at}.name`, volume.name));
    names.add(volume.name);
    return errors;
  });
}

function validateSource(volume: Volume, path: string): FieldError[] {
  const errors: FieldError[] = [];
  let count = 0;
  // The order in which the types are looked at decides which of two is the one too many.
  for (const [type, check] of Object.entries(CHECKS)) {
    const source = volume[type as keyof typeof CHECKS];
    if (source === undefined) continue;
    if (count++ > 0) errors.push(forbidden(`${path}.${type}`, 'may not specify more than 1 volume type'));
    // Each check is listed under the type that it takes.
    else
      errors.push(...(check as (source: unknown, path: string) => FieldError[])(source, `${path}.${type}`));
  }
  for (const type of Object.keys(volume)) {
    if (type === 'name' || type in CHECKS) continue;
    if (count++ > 0) errors.push(forbidden(`${path}.${type}`, 'may not specify more than 1 volume type'));
  }
  if (count === 0) errors.push(required(path, 'must specify a volume type'));
  return errors;
}

type Check<K extends keyof Volume> = (source: NonNullable<Volume[K]>, path: string) => FieldError[];

/** Volume types that are checked closely; the others belong to storage drivers. */
const CHECKS: {
  [K in
    | 'emptyDir'
    | 'hostPath'
    | 'secret'
    | 'nfs'
    | 'persistentVolumeClaim'
    | 'configMap'
    | 'downwardAPI'
    | 'projected'
    | 'csi']: Check<K>;
} = {
  emptyDir({ sizeLimit }, path) {
    return sizeLimit !== undefined && parseQuantity(sizeLimit).nanos < 0n
      ? [forbidden(`${path}.sizeLimit`, 'SizeLimit field must be a valid resource quantity')]
      : [];
  },
  hostPath(source, path) {
    const errors: FieldError[] = [];
    if (!source.path) errors.push(required(`${path}.path`));
    else errors.push(...noBacksteps(source.path, `${path}.path`));
    if (!HOST_PATH_TYPES.includes(source.type ?? '')) {
      errors.push(notSupported(`${path}.type`, source.type, HOST_PATH_TYPES));
    }
    return errors;
  },
  secret(source, path) {
    return [
      ...(source.secretName ? [] : [required(`${path}.secretName`)]),
      ...validateMode(source.defaultMode, `${path}.defaultMode`),
      ...validateItems(source.items, `${path}.items`),
    ];
  },
  nfs(source, path) {
    const errors: FieldError[] = [];
    if (!source.server) errors.push(required(`${path}.server`));
    if (!source.path) errors.push(required(`${path}.path`));
    else if (!source.path.startsWith('/'))
      errors.push(invalidValue(`${path}.path`, source.path, 'must be an absolute path'));
    return errors;
  },
  persistentVolumeClaim(source, path) {
    return source.claimName ? [] : [required(`${path}.claimName`)];
  },
  configMap(source, path) {
    return [
      ...(source.name ? [] : [required(`${path}.name`)]),
      ...validateMode(source.defaultMode, `${path}.defaultMode`),
      ...validateItems(source.items, `${path}.items`),
    ];
  },
  downwardAPI(source, path) {
    return [
      ...validateMode(source.defaultMode, `${path}.defaultMode`),
      ...(source.items ?? []).flatMap((item) => validateDownwardItem(item, path)),
    ];
  },
  projected(source, path) {
    return [
      ...validateMode(source.defaultMode, `${path}.defaultMode`),
      ...(source.sources ?? []).flatMap((projection, i) =>
        validateProjection(projection, `${path}.sources[${i}]`),
      ),
    ];
  },
  csi(source, path) {
    return source.driver ? [] : [required(`${path}.driver`)];
  },
};

type Projection = NonNullable<NonNullable<Volume['projected']>['sources']>[number];

function validateProjection(projection: Projection, path: string): FieldError[] {
  const errors: FieldError[] = [];
  const { secret, configMap, downwardAPI, serviceAccountToken } = projection;
  const types = Object.keys(projection);
  if (types.length > 1)
    errors.push(forbidden(`${path}.${types[1]}`, 'may not specify more than 1 volume type'));
  for (const [name, source] of [
    ['secret', secret],
    ['configMap', configMap],
  ] as const) {
    if (!source) continue;
    if (!source.name) errors.push(required(`${path}.${name}.name`));
    errors.push(...validateItems(source.items, `${path}.${name}.items`));
  }
  for (const item of downwardAPI?.items ?? [])
    errors.push(...validateDownwardItem(item, `${path}.downwardAPI`));
  if (serviceAccountToken) {
    const at = `${path}.serviceAccountToken`;
    const seconds = serviceAccountToken.expirationSeconds ?? 3600;
    if (seconds < 600) {
      errors.push(
        invalidValue(`${at}.expirationSeconds`, seconds, 'may not specify a duration less than 10 minutes'),
      );
    }
    if (seconds > 2 ** 32) {
      errors.push(
        invalidValue(
          `${at}.expirationSeconds`,
          seconds,
          'may not specify a duration larger than 2^32 seconds',
        ),
      );
    }
    errors.push(...validateRelativePath(serviceAccountToken.path, `${at}.path`));
  }
  return errors;
}

type DownwardItem = NonNullable<NonNullable<Volume['downwardAPI']>['items']>[number];

function validateDownwardItem(item: DownwardItem, path: string): FieldError[] {
  const errors = validateRelativePath(item.path, `${path}.path`);
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

function validateItems(items: readonly KeyToPath[] | undefined, path: string): FieldError[] {
  return (items ?? []).flatMap((item, i) => [
    ...(item.key ? [] : [required(`${path}[${i}].key`)]),
    ...validateRelativePath(item.path, `${path}[${i}].path`),
    ...validateMode(item.mode, `${path}[${i}].mode`),
  ]);
}

function validateMode(mode: number | undefined, path: string): FieldError[] {
  return mode !== undefined && (mode < 0 || mode > 0o777)
    ? [invalidValue(path, mode, 'must be a number between 0 and 0777 (octal), both inclusive')]
    : [];
}

/** A path within a volume that files are written to. */
function validateRelativePath(value: string | undefined, path: string): FieldError[] {
  if (!value) return [required(path)];
  const errors: FieldError[] = [];
  if (value.startsWith('/')) errors.push(invalidValue(path, value, 'must be a relative path'));
  errors.push(...noBacksteps(value, path));
  // `..data` and the like are where the kubelet keeps its own things.
  if (value.startsWith('..') && !value.startsWith('../') && value !== '..') {
    errors.push(invalidValue(path, value, "must not start with '..'"));
  }
  return errors;
}

export function noBacksteps(value: string, path: string): FieldError[] {
  return value.split('/').includes('..') ? [invalidValue(path, value, "must not contain '..'")] : [];
}

/** Mounts of one container into what the pod's volumes offer. */
export function validateVolumeMounts(
  container: Pick<Container, 'volumeMounts' | 'volumeDevices'>,
  volumes: ReadonlyMap<string, Volume>,
  path: string,
): FieldError[] {
  const paths = new Set<string>();
  const errors: FieldError[] = [];
  for (const [i, mount] of (container.volumeMounts ?? []).entries()) {
    const at = `${path}[${i}]`;
    if (!mount.name) errors.push(required(`${at}.name`));
    if (!mount.mountPath) errors.push(required(`${at}.mountPath`));
    if (!volumes.has(mount.name)) errors.push(notFoundValue(`${at}.name`, mount.name));
    if (mount.mountPath && paths.has(mount.mountPath)) {
      errors.push(invalidValue(`${at}.mountPath`, mount.mountPath, 'must be unique'));
    }
    paths.add(mount.mountPath);
    if (container.volumeDevices?.some((device) => device.devicePath === mount.mountPath)) {
      errors.push(
        invalidValue(`${at}.mountPath`, mount.mountPath, 'must not already exist as a path in volumeDevices'),
      );
    }
    if (mount.subPath && mount.subPathExpr) {
      errors.push(
        invalidValue(
          `${at}.subPathExpr`,
          mount.subPathExpr,
          'subPathExpr and subPath are mutually exclusive',
        ),
      );
    }
    // Kubernetes leaves the index out of these two paths.
    for (const name of ['subPath', 'subPathExpr'] as const) {
      const value = mount[name];
      if (value) errors.push(...validateLocalPath(value, `${path}.${name}`));
    }
    const propagation = mount.mountPropagation;
    if (propagation && !['Bidirectional', 'HostToContainer', 'None'].includes(propagation)) {
      errors.push(
        notSupported(`${at}.mountPropagation`, propagation, ['Bidirectional', 'HostToContainer', 'None']),
      );
    }
  }
  for (const [i, device] of (container.volumeDevices ?? []).entries()) {
    const at = `${path.replace(/volumeMounts$/, 'volumeDevices')}[${i}]`;
    if (!device.name) errors.push(required(`${at}.name`));
    if (!device.devicePath) errors.push(required(`${at}.devicePath`));
    if (device.name && !volumes.has(device.name)) errors.push(notFoundValue(`${at}.name`, device.name));
  }
  return errors;
}

function validateLocalPath(value: string, path: string): FieldError[] {
  if (value.startsWith('/')) return [invalidValue(path, value, 'must be a relative path')];
  return noBacksteps(value, path);
}
