import { itemsOf, type JsonSchema, valuesOf } from '@wheelhouse/shared/kinds/apiextensions/json-schema';

const META = 'io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta';
const API_VERSION =
  'The versioned schema of this representation of an object. Servers convert recognized schemas to the latest internal value and may reject unrecognized values.';
const KIND = 'The REST resource that this object represents, in CamelCase. Cannot be updated.';

/** What OpenAPI 2 has no words for. */
const ONLY_V3 = new Set(['nullable', 'oneOf', 'anyOf', 'not', 'default']);

type Document = Record<string, unknown>;

/** A custom resource's schema as the OpenAPI documents show it. */
export function openApiOf(schema: JsonSchema, dialect: 'v2' | 'v3'): Document {
  const root = convert(schema, dialect);
  const reference = `#/${dialect === 'v2' ? 'definitions' : 'components/schemas'}/${META}`;
  const properties = {
    // A schema's root has properties or nothing.
    ...(root.properties as Document | undefined),
    apiVersion: { description: API_VERSION, type: 'string' },
    kind: { description: KIND, type: 'string' },
    metadata: {
      description: 'Standard metadata of every object.',
      ...(dialect === 'v2' ? { $ref: reference } : { allOf: [{ $ref: reference }] }),
    },
  };
  return { ...root, type: 'object', properties };
}

function convert(schema: JsonSchema, dialect: 'v2' | 'v3'): Document {
  const result: Document = {};
  for (const [name, value] of Object.entries(schema)) {
    if (value === undefined || (dialect === 'v2' && ONLY_V3.has(name))) continue;
    result[name] = value;
  }
  const items = itemsOf(schema);
  const values = valuesOf(schema);
  if (items) result.items = convert(items, dialect);
  if (values) result.additionalProperties = convert(values, dialect);
  if (schema.properties) {
    result.properties = Object.fromEntries(
      Object.entries(schema.properties).map(([name, property]) => [name, convert(property, dialect)]),
    );
  }
  if (dialect === 'v2') {
    // Old clients check what they send by this document: what may be anything must not have a type here.
    if (schema['x-kubernetes-preserve-unknown-fields'] || schema.nullable) {
      const { type: _type, items: _items, properties: _properties, ...open } = result;
      return schema.nullable && !schema['x-kubernetes-preserve-unknown-fields'] ? open : { ...open };
    }
    delete result['x-kubernetes-validations'];
  }
  return result;
}
