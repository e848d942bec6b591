import { SCHEMA } from '../generated/schema';
import { LIST_KEYS, type MergeFacts } from '../kinds/list-keys';
import { BYTES_FIELDS, DOUBLE_FIELDS, INT64_FIELDS } from '../kinds/number-formats';
import { SCHEMA_SUPPLEMENT } from '../kinds/schema-supplement';
import { ALWAYS_FIELDS, MEANT_WHEN_EMPTY, NULLABLE_FIELDS, UNSET_WHEN_ZERO } from '../kinds/zero-values';

/** The wire forms that are not objects with named fields. */
export type ScalarType =
  | 'string'
  | 'bool'
  | 'int32'
  | 'int64'
  | 'double'
  | 'bytes'
  | 'quantity'
  | 'int-or-string'
  | 'time'
  | 'micro-time'
  /** Any JSON value: raw extensions, managed fields. */
  | 'any'
  /** The unions within the schemas of custom resources. */
  | 'schema-or-array'
  | 'schema-or-bool'
  | 'schema-or-strings';

/** The type of a field, an element or a map's value. */
export type FieldType =
  | { readonly form: 'scalar'; readonly scalar: ScalarType }
  | { readonly form: 'object'; readonly type: string }
  | { readonly form: 'list'; readonly of: FieldType }
  | { readonly form: 'map'; readonly of: FieldType };

export interface FieldSchema {
  readonly name: string;
  readonly type: FieldType;
  /** As OpenAPI states it; validation decides for itself. */
  readonly required: boolean;
  /** What becomes of a value that is absent or zero; without it the field is taken as it comes. */
  readonly zero?: 'always' | 'dropped';
  readonly merge: MergeFacts;
}

/** One API type with named fields, in the order in which they are written to the wire. */
export interface TypeSchema {
  /** As in OpenAPI: `io.k8s.api.core.v1.Pod`. */
  readonly name: string;
  readonly fields: ReadonlyMap<string, FieldSchema>;
  /** How the type as a whole is owned in server-side apply. */
  readonly merge: MergeFacts;
  /** In server-side apply each of its fields is owned beside what is in it. */
  readonly ownsFields?: boolean;
}

const NONE: MergeFacts = {};
const FIRST = ['kind', 'apiVersion', 'metadata'];
const cache = new Map<string, TypeSchema>();
const defined = new Set<string>();

/** The schema of a type by its OpenAPI name. Throws for unknown names: they are mistakes of the program. */
export function typeSchema(name: string): TypeSchema {
  const known = cache.get(name);
  if (known) return known;
  const schema = readType(name);
  if (!schema) throw new Error(`no schema for type ${name}`);
  cache.set(name, schema);
  return schema;
}

/** Types that are made at run time, of the definitions of custom resources. Takes the place of one of that name. */
export function defineType(schema: TypeSchema): void {
  defined.add(schema.name);
  cache.set(schema.name, schema);
}

/** True for types that {@link defineType} has made known. */
export function isDefinedType(name: string): boolean {
  return defined.has(name);
}

export function hasTypeSchema(name: string): boolean {
  return defined.has(name) || name in SCHEMA || name in SCHEMA_SUPPLEMENT;
}

/** Names of all API types that there are. */
export function typeNames(): string[] {
  return [...new Set([...Object.keys(SCHEMA), ...Object.keys(SCHEMA_SUPPLEMENT)])].sort();
}

/** `io.k8s.api.core.v1.Pod` -> `core/v1.Pod`, the key of the fact tables. */
export function shortTypeName(name: string): string {
  const [group = '', version = '', type = ''] = name.split('.').slice(-3);
  return `${group}/${version}.${type}`;
}

function readType(name: string): TypeSchema | undefined {
  const base = SCHEMA[name];
  const more = SCHEMA_SUPPLEMENT[name];
  if (!base && !more) return undefined;
  const short = shortTypeName(name);
  const facts = LIST_KEYS[short] ?? {};
  const encoded = { ...base, ...more };
  const names = Object.keys(encoded).sort();
  const ordered = [...FIRST.filter((first) => first in encoded), ...names.filter((n) => !FIRST.includes(n))];
  const fields = new Map<string, FieldSchema>();
  for (const field of ordered) {
    const text = encoded[field] ?? '';
    const required = text.startsWith('*');
    const type = parseType(required ? text.slice(1) : text, short, field);
    const zero = zeroRule({ owner: name, short, field, required, type });
    fields.set(field, {
      name: field,
      required,
      ...(zero ? { zero } : {}),
      type,
      merge: facts[field] ?? NONE,
    });
  }
  return { name, fields, merge: facts['.'] ?? NONE };
}

/** Definitions of custom resources are filled and read by code of their own. */
const DEFINITIONS = 'io.k8s.apiextensions-apiserver.';

function zeroRule(of: {
  owner: string;
  short: string;
  field: string;
  required: boolean;
  type: FieldType;
}): FieldSchema['zero'] {
  const { owner, short, field, required, type } = of;
  if (owner.startsWith(DEFINITIONS) || type.form === 'list' || type.form === 'map') return undefined;
  if (ALWAYS_FIELDS[short]?.includes(field)) return 'always';
  if (required) {
    const nullable = type.form === 'scalar' && NULL_SCALARS.has(type.scalar);
    return nullable || NULLABLE_FIELDS[short]?.includes(field) ? undefined : 'always';
  }
  if (UNSET_WHEN_ZERO[short]?.includes(field)) return 'dropped';
  const text = type.form === 'scalar' && type.scalar === 'string';
  return text && !MEANT_WHEN_EMPTY[short]?.includes(field) ? 'dropped' : undefined;
}

/** Required ones of these are asked for by validation, or filled by the kind that has them. */
const NULL_SCALARS: ReadonlySet<ScalarType> = new Set(['any', 'bytes', 'micro-time', 'time']);

function parseType(text: string, owner: string, field: string): FieldType {
  if (text.startsWith('[]')) return { form: 'list', of: parseType(text.slice(2), owner, field) };
  if (text.startsWith('{}')) return { form: 'map', of: parseType(text.slice(2), owner, field) };
  if (text.startsWith('#')) return { form: 'object', type: text.slice(1) };
  if (text === 'number') return { form: 'scalar', scalar: numberFormat(owner, field) };
  if (text === 'string' && BYTES_FIELDS[owner]?.includes(field)) return { form: 'scalar', scalar: 'bytes' };
  // The generator and the supplement write nothing else than these names.
  return { form: 'scalar', scalar: text as ScalarType };
}

function numberFormat(owner: string, field: string): ScalarType {
  if (DOUBLE_FIELDS[owner]?.includes(field)) return 'double';
  return INT64_FIELDS[owner]?.includes(field) ? 'int64' : 'int32';
}
