import { badRequest } from '@wheelhouse/shared/errors';
import {
  itemsOf,
  type JsonSchema,
  propertyOf,
  valuesOf,
} from '@wheelhouse/shared/kinds/apiextensions/json-schema';
import { decodeType } from '@wheelhouse/shared/meta/decode';
import { type FieldError, invalidValue, required } from '@wheelhouse/shared/meta/field-error';
import { isObject, type JsonObject } from '@wheelhouse/shared/meta/json';
import type { ObjectMeta } from '@wheelhouse/shared/meta/object';
import { validateObjectMeta } from '@wheelhouse/shared/meta/validation';

export const OBJECT_META_TYPE = 'io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta';

/** Reads metadata by its type. Unknown fields are told by their paths. Throws BadRequest for what has a wrong type. */
export function decodeMetadata(raw: unknown, path: string, report: (path: string) => void): JsonObject {
  if (!isObject(raw)) throw badRequest(`${path}: metadata must be an object`);
  const { object, unknownFields } = decodeType(OBJECT_META_TYPE, raw);
  for (const text of unknownFields) {
    const field = /^unknown field "(.*)"$/.exec(text)?.[1];
    if (field !== undefined) report(`${path}.${field}`);
  }
  return object;
}

function visit(
  value: unknown,
  schema: JsonSchema,
  path: string,
  found: (object: JsonObject, path: string) => void,
  isRoot = true,
): void {
  if (Array.isArray(value)) {
    const items = itemsOf(schema);
    if (items)
      for (const [i, element] of value.entries()) visit(element, items, `${path}[${i}]`, found, false);
    return;
  }
  if (!isObject(value)) return;
  if (!isRoot && schema['x-kubernetes-embedded-resource']) found(value, path);
  const values = valuesOf(schema);
  for (const key of Object.keys(value)) {
    const child = propertyOf(schema, key) ?? values;
    if (child) visit(value[key], child, path ? `${path}.${key}` : key, found, false);
  }
}

/** Makes the metadata of resources inside a custom resource what metadata has to be. Mutates `object`. */
export function decodeEmbedded(object: JsonObject, schema: JsonSchema, report: (path: string) => void): void {
  visit(object, schema, '', (inner, path) => {
    if (inner.metadata !== undefined)
      inner.metadata = decodeMetadata(inner.metadata, `${path}.metadata`, report);
  });
}

/** Resources inside a custom resource say what they are, and their metadata follows the rules of metadata. */
export function validateEmbedded(object: JsonObject, schema: JsonSchema): FieldError[] {
  const errors: FieldError[] = [];
  visit(object, schema, '', (inner, path) => {
    for (const name of ['apiVersion', 'kind']) {
      const value = inner[name];
      if (value === undefined || value === '') errors.push(required(`${path}.${name}`, 'must not be empty'));
      else if (name === 'apiVersion' && typeof value === 'string' && !/^([^/\s]+\/)?[^/\s]+$/.test(value)) {
        errors.push(invalidValue(`${path}.apiVersion`, value, `unexpected GroupVersion string: ${value}`));
      }
    }
    if (isObject(inner.metadata)) {
      // Decoded by its type already.
      const metadata = inner.metadata as ObjectMeta;
      const complete = { ...metadata, name: metadata.name ?? 'unnamed' };
      const { namespace: _namespace, ...rest } = complete;
      errors.push(
        ...validateObjectMeta({ namespaced: false, nameRule: 'path-segment' }, rest, `${path}.metadata`),
      );
    }
  });
  return errors;
}
