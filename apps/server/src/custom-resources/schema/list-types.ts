import {
  itemsOf,
  type JsonSchema,
  propertyOf,
  valuesOf,
} from '@wheelhouse/shared/kinds/apiextensions/json-schema';
import { duplicate, type FieldError, invalidValue } from '@wheelhouse/shared/meta/field-error';
import { isObject, type JsonObject } from '@wheelhouse/shared/meta/json';

/** Elements of sets that are there twice, and elements of keyed lists with the same keys. */
export function validateListTypes(value: unknown, schema: JsonSchema, field = ''): FieldError[] {
  if (Array.isArray(value)) {
    const errors: FieldError[] = [];
    const items = itemsOf(schema);
    const type = schema['x-kubernetes-list-type'];
    if (type === 'set') errors.push(...repeated(value, canonical, (element) => element, field));
    if (type === 'map') errors.push(...keyed(value, schema, field));
    if (items) {
      for (const [i, element] of value.entries()) {
        errors.push(...validateListTypes(element, items, `${field}[${i}]`));
      }
    }
    return errors;
  }
  if (!isObject(value)) return [];
  const values = valuesOf(schema);
  return Object.keys(value).flatMap((key) => {
    const child = propertyOf(schema, key) ?? values;
    return child ? validateListTypes(value[key], child, field ? `${field}.${key}` : key) : [];
  });
}

function keyed(list: readonly unknown[], schema: JsonSchema, field: string): FieldError[] {
  const stranger = list.findIndex((element) => element !== null && !isObject(element));
  if (stranger >= 0) {
    const why = 'must be an object for an array of list-type map';
    return [invalidValue(`${field}[${stranger}]`, list[stranger], why)];
  }
  const keys = schema['x-kubernetes-list-map-keys'] ?? [];
  const keysOf = (element: unknown) => pick(element, keys, itemsOf(schema));
  return repeated(list, (element) => canonical(keysOf(element)), keysOf, field);
}

function repeated(
  list: readonly unknown[],
  identity: (element: unknown) => string,
  shown: (element: unknown) => unknown,
  field: string,
): FieldError[] {
  const counts = new Map<string, number>();
  const errors: FieldError[] = [];
  for (const [i, element] of list.entries()) {
    const id = identity(element);
    const count = (counts.get(id) ?? 0) + 1;
    counts.set(id, count);
    // One complaint for each value, at its second place.
    if (count === 2) errors.push(duplicate(`${field}[${i}]`, shown(element)));
  }
  return errors;
}

function pick(element: unknown, keys: readonly string[], items: JsonSchema | undefined): JsonObject {
  const picked: JsonObject = {};
  if (!isObject(element)) return picked;
  for (const key of keys) {
    const own = Object.hasOwn(element, key) ? element[key] : undefined;
    const value = own ?? (items && propertyOf(items, key)?.default);
    if (value !== undefined) picked[key] = value;
  }
  return picked;
}

/** A text that equal JSON values share, whatever the order of their members. */
function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  if (isObject(value)) {
    const members = Object.keys(value)
      .sort()
      .map((key) => `${JSON.stringify(key)}:${canonical(value[key])}`);
    return `{${members.join(',')}}`;
  }
  return typeof value === 'bigint' ? String(value) : JSON.stringify(value);
}
