import { badRequest } from '../errors';
import { decode } from '../meta/decode';
import type { FieldError } from '../meta/field-error';
import type { KindDefinition } from '../meta/kind';
import type { KubeObject } from '../meta/object';
import { validateObjectMeta } from '../meta/validation';

const context = { now: new Date('2026-01-01T00:00:00Z') };
const UID = '00000000-0000-4000-8000-000000000000';

/** What a kind says of a body that was sent to create it: the object as it would be stored, and what is wrong. */
export function created<T extends KubeObject>(kind: KindDefinition<T>, body: object) {
  const object = read(kind, body);
  kind.prepareForCreate?.(object, context);
  return {
    object,
    causes: causesOf([
      ...validateObjectMeta(kind, object.metadata),
      ...(kind.validate?.(object) ?? []),
      ...(kind.validateCreate?.(object) ?? []),
    ]),
  };
}

/** The same for a body that replaces a stored object. */
export function updated<T extends KubeObject>(kind: KindDefinition<T>, stored: T, body: object) {
  const object = read(kind, body);
  const previous = structuredClone(stored);
  kind.prepareForUpdate?.(object, previous, context);
  return {
    object,
    causes: causesOf([
      ...(kind.validate?.(object) ?? []),
      ...(kind.validateUpdate?.(object, previous) ?? []),
    ]),
  };
}

/** The same for a body that is written to `/status`. */
export function statusUpdated<T extends KubeObject>(kind: KindDefinition<T>, stored: T, body: object) {
  const object = read(kind, body);
  const previous = structuredClone(stored);
  kind.prepareForStatusUpdate?.(object, previous, context);
  return { object, causes: causesOf(kind.validateStatusUpdate?.(object, previous) ?? []) };
}

/** `spec.replicas Invalid`: path and reason, sorted and each once, as tests compare causes. */
export function causesOf(errors: readonly FieldError[]): string[] {
  const texts = errors.map(({ field, reason }) => `${field} ${reason.replace('FieldValue', '')}`);
  return [...new Set(texts)].sort();
}

function read<T extends KubeObject>(kind: KindDefinition<T>, body: object): T {
  const sent: KubeObject = { ...body };
  const metadata = { name: 'x', ...(kind.namespaced ? { namespace: 'n' } : {}), uid: UID, ...sent.metadata };
  const { object, unknownFields } = decode(kind, { ...sent, metadata });
  if (unknownFields.length > 0) throw badRequest(unknownFields.join());
  kind.default?.(object);
  return object;
}
