import {
  itemsOf,
  type JsonSchema,
  propertyOf,
  valuesOf,
} from '@wheelhouse/shared/kinds/apiextensions/json-schema';
import { cloneJson, isObject, type JsonObject, setOwn } from '@wheelhouse/shared/meta/json';

const needs = new WeakMap<JsonSchema, boolean>();

/** Whether anything below a schema could be filled in or taken out, so that most values need no walk. */
function matters(schema: JsonSchema): boolean {
  let known = needs.get(schema);
  if (known === undefined) {
    const children = [itemsOf(schema), valuesOf(schema), ...Object.values(schema.properties ?? {})];
    known = schema.default !== undefined || children.some((child) => child !== undefined && matters(child));
    needs.set(schema, known);
  }
  return known;
}

/**
 * The value with its schema's defaults, and without nulls where null is not allowed: a default takes their place, or
 * nothing. The very same value when there is nothing to do.
 */
export function fillDefaults(value: unknown, schema: JsonSchema): unknown {
  if (Array.isArray(value)) {
    const items = itemsOf(schema);
    if (!items) return value;
    let copy: unknown[] | undefined;
    for (const [i, element] of value.entries()) {
      const filled =
        element === null && !items.nullable && items.default !== undefined
          ? fillDefaults(cloneJson(items.default), items)
          : fillDefaults(element, items);
      if (filled === element) continue;
      copy ??= [...value];
      copy[i] = filled;
    }
    return copy ?? value;
  }
  if (!isObject(value)) return value;
  const values = valuesOf(schema);
  let copy: JsonObject | undefined;
  for (const key of Object.keys(value)) {
    const child = propertyOf(schema, key) ?? values;
    const member = value[key];
    if (!child) continue;
    if (member === null && !child.nullable) {
      copy ??= { ...value };
      delete copy[key];
      continue;
    }
    const filled = fillDefaults(member, child);
    if (filled === member) continue;
    copy ??= { ...value };
    setOwn(copy, key, filled);
  }
  for (const [name, property] of Object.entries(schema.properties ?? {})) {
    if (property.default === undefined || Object.hasOwn(copy ?? value, name)) continue;
    copy ??= { ...value };
    setOwn(copy, name, fillDefaults(cloneJson(property.default), property));
  }
  return copy ?? value;
}

/** True when {@link fillDefaults} can add anything to a whole value. */
export function hasDefaults(schema: JsonSchema): boolean {
  return matters(schema);
}
