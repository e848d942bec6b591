import {
  complaints,
  type FieldError,
  forbidden,
  immutable,
  invalidValue,
  required,
  tooLong,
} from './field-error';
import type { KindDefinition } from './kind';
import { validateLabels } from './labels';
import { dns1123Label, objectName, qualifiedName } from './names';
import type { ObjectMeta, OwnerReference } from './object';

const MAX_ANNOTATION_BYTES = 256 * 1024;
/** Nobody reads more; a list of many thousand wrong things is not gone through to its end. */
const MOST_ERRORS = 100;
const encoder = new TextEncoder();

export function validateAnnotations(
  annotations: Readonly<Record<string, string>> | undefined,
  field: string,
): FieldError[] {
  const errors: FieldError[] = [];
  if (!annotations) return errors;
  let size = 0;
  for (const key of Object.keys(annotations)) {
    if (errors.length > MOST_ERRORS) return errors;
    errors.push(...complaints(field, key, qualifiedName(key.toLowerCase())));
    const value = annotations[key] ?? '';
    // Bytes are counted only where characters alone come near the limit.
    size += key.length + value.length;
  }
  if (size * 3 > MAX_ANNOTATION_BYTES) {
    size = Object.entries(annotations).reduce((sum, pair) => sum + encoder.encode(pair.join('')).length, 0);
    if (size > MAX_ANNOTATION_BYTES) errors.push(tooLong(field, MAX_ANNOTATION_BYTES));
  }
  return errors;
}

/** Checks metadata on create. The kind decides how names look and whether there is a namespace. */
export function validateObjectMeta(
  kind: Pick<KindDefinition, 'nameRule' | 'namespaced' | 'custom' | 'plainFinalizers'>,
  meta: ObjectMeta | undefined,
  field = 'metadata',
): FieldError[] {
  const errors: FieldError[] = [];
  const rule = kind.nameRule ?? 'dns-subdomain';
  if (meta?.generateName) {
    errors.push(
      ...complaints(
        `${field}.generateName`,
        meta.generateName,
        objectName(rule, meta.generateName, { prefix: true }),
      ),
    );
  }
  if (!meta?.name) errors.push(required(`${field}.name`, 'name or generateName is required'));
  else errors.push(...complaints(`${field}.name`, meta.name, objectName(rule, meta.name)));
  if (kind.namespaced) {
    if (!meta?.namespace) errors.push(required(`${field}.namespace`));
    else errors.push(...complaints(`${field}.namespace`, meta.namespace, dns1123Label(meta.namespace)));
  } else if (meta?.namespace) {
    errors.push(forbidden(`${field}.namespace`, 'not allowed on this type'));
  }
  if (meta) errors.push(...validateCommonMeta(meta, field, kind));
  return errors;
}

/** Labels, annotations, owners and finalizers; on create and update alike. */
function validateCommonMeta(meta: ObjectMeta, field: string, kind: FinalizerRule): FieldError[] {
  const errors: FieldError[] = [];
  if (meta.generation !== undefined && meta.generation < 0) {
    errors.push(invalidValue(`${field}.generation`, meta.generation, 'must be greater than or equal to 0'));
  }
  errors.push(...validateLabels(meta.labels, `${field}.labels`));
  errors.push(...validateAnnotations(meta.annotations, `${field}.annotations`));
  errors.push(...validateOwners(meta.ownerReferences ?? [], `${field}.ownerReferences`));
  errors.push(...validateFinalizers(meta.finalizers ?? [], `${field}.finalizers`, kind));
  return errors;
}

/** Kubernetes leaves the index out of these paths. */
function validateOwners(owners: readonly OwnerReference[], field: string): FieldError[] {
  const errors: FieldError[] = [];
  let controller: OwnerReference | undefined;
  let tooManyControllers = false;
  for (const owner of owners) {
    if (errors.length > MOST_ERRORS) return errors;
    const parts = (owner.apiVersion ?? '').split('/');
    if (parts.length > 2 || !parts.at(-1)) {
      errors.push(invalidValue(`${field}.apiVersion`, owner.apiVersion ?? '', 'version must not be empty'));
    }
    for (const name of ['kind', 'name', 'uid'] as const) {
      if (!owner[name])
        errors.push(invalidValue(`${field}.${name}`, owner[name] ?? '', `${name} must not be empty`));
    }
    if (owner.apiVersion === 'v1' && owner.kind === 'Event') {
      errors.push(invalidValue(field, owner, '/v1, Kind=Event is disallowed from being an owner'));
    }
    if (!owner.controller) continue;
    if (controller) {
      if (tooManyControllers) continue;
      tooManyControllers = true;
      errors.push(
        invalidValue(
          field,
          owners,
          `Only one reference can have Controller set to true. Found "true" in references for ${controller.name} and ${owner.name}`,
        ),
      );
    }
    controller = owner;
  }
  return errors;
}

const STANDARD_FINALIZERS = new Set(['orphan', 'foregroundDeletion', 'kubernetes']);

type FinalizerRule = Pick<KindDefinition, 'custom' | 'plainFinalizers'>;

function validateFinalizers(
  finalizers: readonly string[],
  field: string,
  { custom, plainFinalizers }: FinalizerRule,
): FieldError[] {
  const errors: FieldError[] = [];
  for (const [i, finalizer] of finalizers.entries()) {
    if (errors.length > MOST_ERRORS) return errors;
    errors.push(...complaints(field, finalizer, qualifiedName(finalizer)));
    if (!custom && !plainFinalizers && !finalizer.includes('/') && !STANDARD_FINALIZERS.has(finalizer)) {
      errors.push(
        invalidValue(
          `${field}[${i}]`,
          finalizer,
          'name is neither a standard finalizer name nor is it fully qualified',
        ),
      );
    }
  }
  if (finalizers.includes('orphan') && finalizers.includes('foregroundDeletion')) {
    errors.push(
      invalidValue(field, finalizers, 'finalizer orphan and foregroundDeletion cannot be both set'),
    );
  }
  return errors;
}

/** Checks metadata on update: what never changes, and what must stay well-formed. */
export function validateObjectMetaUpdate(
  next: ObjectMeta,
  previous: ObjectMeta,
  kind: FinalizerRule & Pick<KindDefinition, 'nameRule'> = {},
): FieldError[] {
  const field = 'metadata';
  const errors: FieldError[] = [];
  const prefix = next.generateName;
  if (prefix && prefix !== previous.generateName) {
    const rule = kind.nameRule ?? 'dns-subdomain';
    errors.push(...complaints(`${field}.generateName`, prefix, objectName(rule, prefix, { prefix: true })));
  }
  if (previous.deletionTimestamp) {
    const added = (next.finalizers ?? []).filter(
      (finalizer) => !(previous.finalizers ?? []).includes(finalizer),
    );
    if (added.length > 0) {
      errors.push(
        forbidden(
          `${field}.finalizers`,
          `no new finalizers can be added if the object is being deleted, found new finalizers []string{${added.map((f) => JSON.stringify(f)).join(', ')}}`,
        ),
      );
    }
  }
  if (!next.resourceVersion) {
    errors.push(
      invalidValue(`${field}.resourceVersion`, next.resourceVersion ?? '', 'must be specified for an update'),
    );
  }
  if ((next.generation ?? 0) < (previous.generation ?? 0)) {
    errors.push(invalidValue(`${field}.generation`, next.generation ?? 0, 'must not be decremented'));
  }
  for (const name of [
    'name',
    'namespace',
    'uid',
    'creationTimestamp',
    'deletionTimestamp',
    'deletionGracePeriodSeconds',
  ] as const) {
    errors.push(...immutable(`${field}.${name}`, next[name], previous[name]));
  }
  errors.push(...validateCommonMeta(next, field, kind));
  return errors;
}
