import { nameColumn } from '@wheelhouse/shared/kinds/columns';
import { ageOf } from '@wheelhouse/shared/meta/duration';
import type { PrintColumn } from '@wheelhouse/shared/meta/kind';
import type { KubeObject } from '@wheelhouse/shared/meta/object';
import type { CustomResourceColumnDefinition } from 'kubernetes-types/apiextensions/v1';
import { compileJsonPath, type JsonPath } from './json-path';

const AGE: CustomResourceColumnDefinition = {
  name: 'Age',
  type: 'date',
  description: 'How long ago the object was created.',
  jsonPath: '.metadata.creationTimestamp',
};

/** The printed columns of a version: its name and what the definition says, or the age. */
export function columnsOf(
  definitions: readonly CustomResourceColumnDefinition[] | undefined,
): PrintColumn<KubeObject>[] {
  return [nameColumn, ...(definitions?.length ? definitions : [AGE]).map(columnOf)];
}

const TYPES = ['string', 'integer', 'number', 'boolean', 'date'] as const;

function columnOf(definition: CustomResourceColumnDefinition): PrintColumn<KubeObject> {
  const { name, format, description, priority, jsonPath } = definition;
  const type = TYPES.find((known) => known === definition.type) ?? 'string';
  let read: JsonPath;
  try {
    read = compileJsonPath(jsonPath);
  } catch {
    // A path that nobody understands prints nothing; the definition was accepted all the same, as in Kubernetes.
    read = () => [];
  }
  return {
    name,
    type,
    ...(format ? { format } : {}),
    description: description ?? `Custom resource definition column (in JSONPath format): ${jsonPath}`,
    ...(priority ? { priority } : {}),
    cell: (object, now) => cellOf(type, read(object)[0], now),
  };
}

/** `Date.parse` knows much more than times of the API. */
const RFC3339 = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)$/;

/** Maps are printed in the order of their keys. */
function sortedByKey(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sortedByKey);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([key, part]) => [key, sortedByKey(part)]));
}

function cellOf(type: (typeof TYPES)[number], value: unknown, now: Date): string | number | boolean | null {
  if (value === undefined) return null;
  switch (type) {
    case 'string':
      if (value === null) return '<no value>';
      return typeof value === 'object' ? JSON.stringify(sortedByKey(value)) : String(value);
    case 'integer':
      return typeof value === 'number' || typeof value === 'bigint' ? Math.trunc(Number(value)) : null;
    case 'number':
      return typeof value === 'number' || typeof value === 'bigint' ? Number(value) : null;
    case 'boolean':
      return typeof value === 'boolean' ? value : null;
    case 'date':
      if (typeof value !== 'string') return null;
      if (value === '' || value === 'null') return '<unknown>';
      return RFC3339.test(value) && !Number.isNaN(Date.parse(value)) ? ageOf(value, now) : '<invalid>';
  }
}
