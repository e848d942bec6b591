import {
  itemsOf,
  type JsonSchema,
  someSchema,
  valuesOf,
} from '@wheelhouse/shared/kinds/apiextensions/json-schema';
import type { MergeFacts } from '@wheelhouse/shared/kinds/list-keys';
import { defineType, type FieldSchema, type FieldType } from '@wheelhouse/shared/meta/schema';

const OBJECT_META = 'io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta';
const STRING: FieldType = { form: 'scalar', scalar: 'string' };

/** Whatever nobody has described: objects are maps all the way down, lists and scalars one thing each. */
const UNDESCRIBED: FieldType = untyped();

function untyped(): FieldType {
  const type: { form: 'map'; of: FieldType } = { form: 'map', of: STRING };
  type.of = type;
  return type;
}

/** The fields of an object that keeps unknown ones: those are undescribed. */
class OpenFields extends Map<string, FieldSchema> {
  override get(name: string): FieldSchema {
    return super.get(name) ?? { name, type: UNDESCRIBED, required: false, merge: {} };
  }
}

/**
 * Makes the schema of a custom resource known under `name`, so that server-side apply divides its objects as the
 * definition says: keyed lists, sets, atomic maps.
 */
export function defineApplyType(name: string, schema: JsonSchema): void {
  // Kubernetes has long had no type to go by for such definitions, and owned each field beside what is in it.
  const ownsFields = someSchema(schema, (part) => part['x-kubernetes-int-or-string'] === true);
  defineObject({ name, ownsFields }, schema, RESOURCE_FIELDS);
}

/** What every resource has, those inside of others included, whatever its schema says of them. */
const RESOURCE_FIELDS: ReadonlyMap<string, FieldSchema> = new Map<string, FieldSchema>([
  ['apiVersion', { name: 'apiVersion', type: STRING, required: false, merge: {} }],
  ['kind', { name: 'kind', type: STRING, required: false, merge: {} }],
  ['metadata', { name: 'metadata', type: { form: 'object', type: OBJECT_META }, required: false, merge: {} }],
]);

interface TypeToDefine {
  readonly name: string;
  readonly ownsFields: boolean;
}

function defineObject(
  { name, ownsFields }: TypeToDefine,
  schema: JsonSchema,
  own: ReadonlyMap<string, FieldSchema> = new Map(),
): void {
  const preserves = schema['x-kubernetes-preserve-unknown-fields'] === true;
  const fields: Map<string, FieldSchema> = preserves ? new OpenFields() : new Map();
  for (const [key, property] of Object.entries(schema.properties ?? {})) {
    fields.set(key, {
      name: key,
      required: schema.required?.includes(key) ?? false,
      type: typeOf({ name: `${name}.${key}`, ownsFields }, property),
      merge: mergeOf(property),
    });
  }
  for (const [key, field] of own) fields.set(key, field);
  defineType({ name, fields, merge: {}, ownsFields });
}

function typeOf({ name, ownsFields }: TypeToDefine, schema: JsonSchema): FieldType {
  if (schema['x-kubernetes-int-or-string']) return { form: 'scalar', scalar: 'int-or-string' };
  const items = itemsOf(schema);
  const values = valuesOf(schema);
  const isResource = schema['x-kubernetes-embedded-resource'] === true;
  switch (schema.type) {
    case 'array':
      return { form: 'list', of: items ? typeOf({ name: `${name}[]`, ownsFields }, items) : UNDESCRIBED };
    case 'object':
      if (values) return { form: 'map', of: typeOf({ name: `${name}{}`, ownsFields }, values) };
      if (Object.keys(schema.properties ?? {}).length === 0 && !isResource) return UNDESCRIBED;
      defineObject({ name, ownsFields }, schema, isResource ? RESOURCE_FIELDS : new Map());
      return { form: 'object', type: name };
    case 'string':
      return STRING;
    case 'boolean':
      return { form: 'scalar', scalar: 'bool' };
    case 'integer':
      return { form: 'scalar', scalar: 'int64' };
    case 'number':
      return { form: 'scalar', scalar: 'double' };
    default:
      return UNDESCRIBED;
  }
}

function mergeOf(schema: JsonSchema): MergeFacts {
  const listType = schema['x-kubernetes-list-type'];
  const listMapKeys = schema['x-kubernetes-list-map-keys'];
  const mapType = schema['x-kubernetes-map-type'];
  return {
    ...(listType === 'map' || listType === 'set' || listType === 'atomic' ? { listType } : {}),
    ...(listMapKeys ? { listMapKeys } : {}),
    ...(mapType === 'atomic' || mapType === 'granular' ? { mapType } : {}),
  };
}
