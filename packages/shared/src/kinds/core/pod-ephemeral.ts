import type { EphemeralContainer, Pod } from 'kubernetes-types/core/v1';
import {
  complaints,
  duplicate,
  type FieldError,
  forbidden,
  notFoundValue,
  required,
} from '../../meta/field-error';
import { cloneJson, equalJson } from '../../meta/json';
import type { PartRules } from '../../meta/kind';
import { dns1123Label } from '../../meta/names';
import { validateVolumeMounts } from './pod-spec/volumes';

const PATH = 'spec.ephemeralContainers';

/** What makes no sense for a container that somebody adds to look at a running pod. */
const NOT_ALLOWED = [
  'ports',
  'livenessProbe',
  'readinessProbe',
  'startupProbe',
  'lifecycle',
  'resources',
  'resizePolicy',
] as const;

/** `/ephemeralcontainers`: adds containers for debugging to a running pod, and changes nothing else. */
export const ephemeralContainersPart: PartRules<Pod> = {
  prepareForUpdate(next, previous) {
    const wanted = next.spec?.ephemeralContainers;
    next.spec = cloneJson(previous.spec);
    if (next.spec && wanted) next.spec.ephemeralContainers = wanted;
    else delete next.spec?.ephemeralContainers;
    // The type marks status as read-only, which it is to clients.
    Object.assign(next, { status: previous.status });
  },

  validateUpdate(next, previous) {
    const errors = validateEphemeral(next);
    const now = next.spec?.ephemeralContainers ?? [];
    for (const old of previous.spec?.ephemeralContainers ?? []) {
      const found = now.find(({ name }) => name === old.name);
      if (!found)
        errors.push(
          forbidden(PATH, `existing ephemeral containers ${JSON.stringify(old.name)} may not be removed`),
        );
      else if (!equalJson({ ...found }, { ...old })) {
        errors.push(
          forbidden(PATH, `existing ephemeral containers ${JSON.stringify(old.name)} may not be changed`),
        );
      }
    }
    return errors;
  },
};

function validateEphemeral({ spec }: Pod): FieldError[] {
  const others = [...(spec?.containers ?? []), ...(spec?.initContainers ?? [])].map(({ name }) => name);
  const volumes = new Map((spec?.volumes ?? []).map((volume) => [volume.name, volume]));
  const seen = new Set(others);
  return (spec?.ephemeralContainers ?? []).flatMap((container, i) => {
    const at = `${PATH}[${i}]`;
    const errors = validateOne(container, at);
    if (container.name && seen.has(container.name)) errors.push(duplicate(`${at}.name`, container.name));
    seen.add(container.name);
    const target = container.targetContainerName;
    if (target && !others.includes(target)) errors.push(notFoundValue(`${at}.targetContainerName`, target));
    errors.push(...validateVolumeMounts(container, volumes, `${at}.volumeMounts`));
    container.volumeMounts?.forEach((mount, j) => {
      for (const field of ['subPath', 'subPathExpr'] as const) {
        if (mount[field])
          errors.push(
            forbidden(`${at}.volumeMounts[${j}].${field}`, 'cannot be set for an Ephemeral Container'),
          );
      }
    });
    return errors;
  });
}

function validateOne(container: EphemeralContainer, at: string): FieldError[] {
  const errors = container.name
    ? complaints(`${at}.name`, container.name, dns1123Label(container.name))
    : [required(`${at}.name`)];
  if (!container.image) errors.push(required(`${at}.image`));
  for (const field of NOT_ALLOWED) {
    const value = container[field];
    // Empty resources are what defaulting leaves behind.
    const isSet = Array.isArray(value) ? value.length > 0 : Object.keys(value ?? {}).length > 0;
    if (isSet) errors.push(forbidden(`${at}.${field}`, 'cannot be set for an Ephemeral Container'));
  }
  return errors;
}
