import {
  itemsOf,
  type JsonSchema,
  propertyOf,
  valuesOf,
} from '@wheelhouse/shared/kinds/apiextensions/json-schema';
import { isObject, type JsonObject, setOwn } from '@wheelhouse/shared/meta/json';

/** What every object has beside what its schema says. */
const OWN_FIELDS = new Set(['apiVersion', 'kind', 'metadata']);

/**
 * The value without fields that the schema does not know, each told to `report` by its path; the very same value when
 * there are none. `isResource`: apiVersion, kind and metadata belong to it, whatever the schema says.
 */
export function prune(
  value: unknown,
  schema: JsonSchema | undefined,
  report: (path: string) => void = () => undefined,
  { path = '', isResource = false }: { path?: string; isResource?: boolean } = {},
): unknown {
  if (Array.isArray(value)) {
    const items = schema && itemsOf(schema);
    if (!items && schema?.['x-kubernetes-preserve-unknown-fields']) return value;
    let copy: unknown[] | undefined;
    for (const [i, element] of value.entries()) {
      const pruned = prune(element, items, report, {
        path: `${path}[${i}]`,
        isResource: items?.['x-kubernetes-embedded-resource'] ?? false,
      });
      if (pruned === element) continue;
      copy ??= [...value];
      copy[i] = pruned;
    }
    return copy ?? value;
  }
  if (!isObject(value)) return value;
  const values = schema && valuesOf(schema);
  const keepsAll =
    schema?.['x-kubernetes-preserve-unknown-fields'] === true || schema?.additionalProperties === true;
  let changed = false;
  const result: JsonObject = {};
  for (const key of Object.keys(value)) {
    const member = value[key];
    const at = path === '' ? key : `${path}.${key}`;
    const property = schema && propertyOf(schema, key);
    const child = property ?? values;
    if (isResource && OWN_FIELDS.has(key)) {
      setOwn(result, key, member);
    } else if (child) {
      const pruned = prune(member, child, report, {
        path: at,
        isResource: child['x-kubernetes-embedded-resource'] ?? false,
      });
      changed ||= pruned !== member;
      setOwn(result, key, pruned);
    } else if (keepsAll) {
      setOwn(result, key, member);
    } else {
      report(at);
      changed = true;
    }
  }
  return changed ? result : value;
}
