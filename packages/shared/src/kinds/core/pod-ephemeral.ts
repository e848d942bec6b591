import type { EphemeralContainer, Pod } from 'kubernetes-types/core/v1';
import { duplicate, type FieldError, forbidden, notFoundValue } from '../../meta/field-error';
import { cloneJson, equalJson } from '../../meta/json';
import type { PartRules } from '../../meta/kind';
import { validateContainer, validateImageSpaces } from './pod-spec/container';
import { validateVolumes } from './pod-spec/volumes';

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
    const errors = [...validateEphemeral(next), ...validateImageSpaces(next.spec?.ephemeralContainers, PATH)];
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
  if (!spec) return [];
  const others = [...spec.containers, ...(spec.initContainers ?? [])].map(({ name }) => name);
  const volumes = validateVolumes(spec.volumes, 'spec.volumes').valid;
  const seen = new Set(others);
  return (spec.ephemeralContainers ?? []).flatMap((container, i) => {
    const at = `${PATH}[${i}]`;
    const errors = validateContainer(container, { spec, volumes, path: at });
    if (seen.has(container.name)) errors.push(duplicate(`${at}.name`, container.name));
    seen.add(container.name);
    const target = container.targetContainerName;
    if (target && !others.includes(target)) errors.push(notFoundValue(`${at}.targetContainerName`, target));
    return [...errors, ...validateRefused(container, at)];
  });
}

function validateRefused(container: EphemeralContainer, at: string): FieldError[] {
  const refuse = (field: string) => forbidden(`${at}.${field}`, 'cannot be set for an Ephemeral Container');
  const errors: FieldError[] = [];
  for (const field of NOT_ALLOWED) {
    const value = container[field];
    // Empty resources are what defaulting leaves behind.
    const isSet = Array.isArray(value) ? value.length > 0 : Object.keys(value ?? {}).length > 0;
    if (isSet) errors.push(refuse(field));
  }
  container.volumeMounts?.forEach((mount, j) => {
    for (const field of ['subPath', 'subPathExpr'] as const) {
      if (mount[field]) errors.push(refuse(`volumeMounts[${j}].${field}`));
    }
  });
  return errors;
}
