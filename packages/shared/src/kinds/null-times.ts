import type { JsonObject } from '../meta/json';

/**
 * Some times are written as null when unset, since they always are on the wire of Kubernetes and typed clients
 * of other languages have come to expect the key.
 */
export function nullWhenUnset(object: object | undefined, ...fields: string[]): void {
  if (!object) return;
  // The types say that the fields are strings; the wire has null for the unset ones.
  const record = object as JsonObject;
  for (const field of fields) record[field] ??= null;
}
