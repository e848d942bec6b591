import type { PodSpec, Toleration } from 'kubernetes-types/core/v1';
import { decodeType } from '../../../meta/decode';
import { type FieldError, forbidden, invalidValue } from '../../../meta/field-error';
import { validateTolerations } from './scheduling';

const MIRROR = 'kubernetes.io/config.mirror';
const DELETION_COST = 'controller.kubernetes.io/pod-deletion-cost';
const TOLERATIONS = 'scheduler.alpha.kubernetes.io/tolerations';
const SECCOMP_POD = 'seccomp.security.alpha.kubernetes.io/pod';
const SECCOMP_CONTAINER = 'container.seccomp.security.alpha.kubernetes.io/';
const APP_ARMOR = 'container.apparmor.security.beta.kubernetes.io/';

/** Annotations that mean something for pods: some are orders, some are what fields were before they were fields. */
export function validatePodAnnotations(
  annotations: Readonly<Record<string, string>> | undefined,
  spec: PodSpec | undefined,
  path: string,
): FieldError[] {
  return Object.entries(annotations ?? {}).flatMap(([key, value]) => {
    if (key === MIRROR) return validateMirror(value, spec, `${path}[${key}]`);
    if (key === DELETION_COST) return validateCost(value, `${path}[${key}]`);
    if (key === TOLERATIONS) return validateWrittenTolerations(value, path);
    if (key === SECCOMP_POD || key.startsWith(SECCOMP_CONTAINER)) {
      return validateSeccomp(value, `${path}.${key}`);
    }
    if (!key.startsWith(APP_ARMOR)) return [];
    return validateAppArmor(key.slice(APP_ARMOR.length), value, { spec, path: `${path}[${key}]` });
  });
}

type Annotations = Readonly<Record<string, string>> | undefined;

/** Who a pod mirrors and what confines it does not change while it lives. */
export function validatePodAnnotationsUpdate(next: Annotations, previous: Annotations): FieldError[] {
  const keys = new Set([...Object.keys(previous ?? {}), ...Object.keys(next ?? {})]);
  return [...keys].flatMap((key) => {
    const what =
      key === MIRROR ? 'mirror pod annotation' : key.startsWith(APP_ARMOR) ? 'AppArmor annotations' : '';
    if (what === '' || next?.[key] === previous?.[key]) return [];
    const verb = previous?.[key] === undefined ? 'add' : 'remove or update';
    return [forbidden(`metadata.annotations[${key}]`, `may not ${verb} ${what}`)];
  });
}

function validateMirror(value: string, spec: PodSpec | undefined, path: string): FieldError[] {
  if (spec?.nodeName) return [];
  return [invalidValue(path, value, 'must set spec.nodeName if mirror pod annotation is set')];
}

function validateCost(value: string, path: string): FieldError[] {
  return /^(0|-?[1-9]\d{0,9})$/.test(value) ? [] : [invalidValue(path, value, 'must be a 32bit integer')];
}

function validateWrittenTolerations(text: string, path: string): FieldError[] {
  if (text === '') return [];
  const tolerations = readTolerations(text);
  if (!tolerations) return [invalidValue(path, TOLERATIONS, 'must be a JSON list of tolerations')];
  return validateTolerations(tolerations, `${path}.${TOLERATIONS}`);
}

function readTolerations(text: string): Toleration[] | undefined {
  try {
    const read: unknown = JSON.parse(text);
    if (read === null) return [];
    if (!Array.isArray(read)) return undefined;
    // Decoding has checked every field against the type.
    return read.map((one) => decodeType('io.k8s.api.core.v1.Toleration', one).object as Toleration);
  } catch {
    return undefined;
  }
}

function validateSeccomp(profile: string, path: string): FieldError[] {
  if (['runtime/default', 'docker/default', 'unconfined'].includes(profile)) return [];
  if (!profile.startsWith('localhost/')) {
    return [invalidValue(path, profile, 'must be a valid seccomp profile')];
  }
  const file = profile.slice('localhost/'.length);
  return [
    ...(file.startsWith('/') ? [invalidValue(path, file, 'must be a relative path')] : []),
    ...(file.split('/').includes('..') ? [invalidValue(path, file, "must not contain '..'")] : []),
  ];
}

function validateAppArmor(
  container: string,
  profile: string,
  { spec, path }: { spec: PodSpec | undefined; path: string },
): FieldError[] {
  const containers = [
    ...(spec?.containers ?? []),
    ...(spec?.initContainers ?? []),
    ...(spec?.ephemeralContainers ?? []),
  ];
  const errors: FieldError[] = [];
  if (!containers.some(({ name }) => name === container)) {
    errors.push(invalidValue(path, container, 'container not found'));
  }
  if (!['', 'runtime/default', 'unconfined'].includes(profile) && !profile.startsWith('localhost/')) {
    errors.push(invalidValue(path, profile, 'invalid AppArmor profile name'));
  }
  return errors;
}
