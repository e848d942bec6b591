import type { Container, Volume, VolumeMount } from 'kubernetes-types/core/v1';
import {
  type FieldError,
  forbidden,
  invalidValue,
  notFoundValue,
  notSupported,
  required,
} from '../../../meta/field-error';
import { noBacksteps, validateLocalPath } from '../volume-sources';

type Mounting = Pick<Container, 'volumeMounts' | 'volumeDevices' | 'securityContext'>;

const PROPAGATIONS = ['Bidirectional', 'HostToContainer', 'None'];
const RECURSIVE = ['Disabled', 'Enabled', 'IfPossible'];

/** What a container mounts of what the pod's volumes offer: directories and files, and raw devices. */
export function validateMounts(
  container: Mounting,
  volumes: ReadonlyMap<string, Volume>,
  path: string,
): FieldError[] {
  return [
    ...validateVolumeMounts(container, volumes, `${path}.volumeMounts`),
    ...validateDevices(container, volumes, `${path}.volumeDevices`),
  ];
}

function validateVolumeMounts(
  container: Mounting,
  volumes: ReadonlyMap<string, Volume>,
  path: string,
): FieldError[] {
  const paths = new Set<string>();
  const devices = container.volumeDevices ?? [];
  return (container.volumeMounts ?? []).flatMap((mount, i) => {
    const at = `${path}[${i}]`;
    const { name, mountPath } = mount;
    const errors: FieldError[] = [];
    if (!name) errors.push(required(`${at}.name`));
    if (!volumes.has(name)) errors.push(notFoundValue(`${at}.name`, name));
    if (!mountPath) errors.push(required(`${at}.mountPath`));
    if (paths.has(mountPath)) errors.push(invalidValue(`${at}.mountPath`, mountPath, 'must be unique'));
    paths.add(mountPath);
    if (devices.some((device) => device.name === name)) {
      errors.push(invalidValue(`${at}.name`, name, 'must not already exist in volumeDevices'));
    }
    if (devices.some((device) => device.devicePath === mountPath)) {
      errors.push(
        invalidValue(`${at}.mountPath`, mountPath, 'must not already exist as a path in volumeDevices'),
      );
    }
    return [...errors, ...validateSubPaths(mount, path, at), ...validateSharing(mount, container, path)];
  });
}

/** Kubernetes leaves the index out of most of these paths. */
function validateSubPaths(mount: VolumeMount, path: string, at: string): FieldError[] {
  const errors: FieldError[] = [];
  if (mount.subPath && mount.subPathExpr) {
    errors.push(
      invalidValue(`${at}.subPathExpr`, mount.subPathExpr, 'subPathExpr and subPath are mutually exclusive'),
    );
  }
  for (const name of ['subPath', 'subPathExpr'] as const) {
    const value = mount[name];
    if (value) errors.push(...validateLocalPath(value, `${path}.${name}`));
  }
  return errors;
}

/** Whether mounts below this one are seen on the other side, and whether they are read-only too. */
function validateSharing(mount: VolumeMount, container: Mounting, path: string): FieldError[] {
  const { mountPropagation: propagation, recursiveReadOnly: recursive } = mount;
  const errors: FieldError[] = [];
  if (propagation !== undefined) {
    const field = `${path}.mountPropagation`;
    if (!PROPAGATIONS.includes(propagation)) errors.push(notSupported(field, propagation, PROPAGATIONS));
    if (propagation === 'Bidirectional' && !container.securityContext?.privileged) {
      errors.push(
        forbidden(field, 'Bidirectional mount propagation is available only to privileged containers'),
      );
    }
  }
  if (recursive === undefined || recursive === 'Disabled') return errors;
  const field = `${path}.recursiveReadOnly`;
  if (!RECURSIVE.includes(recursive)) return [...errors, notSupported(field, recursive, RECURSIVE)];
  if (!mount.readOnly) errors.push(forbidden(field, 'may only be specified when readOnly is true'));
  if (propagation !== undefined && propagation !== 'None') {
    errors.push(forbidden(field, 'may only be specified when mountPropagation is None or not specified'));
  }
  return errors;
}

function validateDevices(
  container: Mounting,
  volumes: ReadonlyMap<string, Volume>,
  path: string,
): FieldError[] {
  const names = new Set<string>();
  const paths = new Set<string>();
  const mounts = container.volumeMounts ?? [];
  return (container.volumeDevices ?? []).flatMap(({ name, devicePath }, i) => {
    const at = `${path}[${i}]`;
    const errors: FieldError[] = [];
    const nameIs = (text: string) => errors.push(invalidValue(`${at}.name`, name, text));
    const pathIs = (text: string) => errors.push(invalidValue(`${at}.devicePath`, devicePath, text));
    const volume = volumes.get(name);
    if (!name) errors.push(required(`${at}.name`));
    if (names.has(name)) nameIs('must be unique');
    if (!volume) errors.push(notFoundValue(`${at}.name`, name));
    else if (!volume.persistentVolumeClaim && !volume.ephemeral) {
      nameIs('can only use volume source type of PersistentVolumeClaim or Ephemeral for block mode');
    }
    if (!devicePath) errors.push(required(`${at}.devicePath`));
    if (paths.has(devicePath)) pathIs('must be unique');
    if (noBacksteps(devicePath, at).length > 0) pathIs("can not contain backsteps ('..')");
    else paths.add(devicePath);
    if (mounts.some((mount) => mount.name === name)) nameIs('must not already exist in volumeMounts');
    if (mounts.some((mount) => mount.mountPath === devicePath)) {
      pathIs('must not already exist as a path in volumeMounts');
    }
    if (name) names.add(name);
    return errors;
  });
}
