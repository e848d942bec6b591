import { DOCS } from '../generated/docs';
import type { MergeFacts } from '../kinds/list-keys';
import { apiVersionOf, type KindDefinition } from '../meta/kind';
import { type FieldSchema, type FieldType, hasTypeSchema, type ScalarType, typeSchema } from '../meta/schema';

/** A JSON schema in the dialect of OpenAPI 2 or 3. */
export type JsonSchema = Record<string, unknown>;
export type Dialect = 'v2' | 'v3';

const META = 'io.k8s.apimachinery.pkg.apis.meta.v1';
export const STATUS_TYPE = `${META}.Status`;
export const DELETE_OPTIONS_TYPE = `${META}.DeleteOptions`;
export const PATCH_TYPE = `${META}.Patch`;
const JSON_SCHEMA_TYPE = 'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaProps';
const LIST_META_TYPE = `${META}.ListMeta`;

/** Scalars that have a named definition of their own, so that clients recognise them. */
const NAMED: Partial<Record<ScalarType, { name: string; schema: (dialect: Dialect) => JsonSchema }>> = {
  quantity: {
    name: 'io.k8s.apimachinery.pkg.api.resource.Quantity',
    schema: (dialect) => ({
      description: 'A fixed-point number with a suffix: 500m, 1.5Gi, 2e3.',
      ...(dialect === 'v2' ? { type: 'string' } : { oneOf: [{ type: 'string' }, { type: 'number' }] }),
    }),
  },
  'int-or-string': {
    name: 'io.k8s.apimachinery.pkg.util.intstr.IntOrString',
    schema: (dialect) => ({
      description: 'A number or a text, as the field allows: a port or its name, a count or a percentage.',
      format: 'int-or-string',
      ...(dialect === 'v2' ? { type: 'string' } : { oneOf: [{ type: 'integer' }, { type: 'string' }] }),
    }),
  },
  time: {
    name: `${META}.Time`,
    schema: () => ({
      description: 'A time in RFC 3339 with whole seconds.',
      type: 'string',
      format: 'date-time',
    }),
  },
  'micro-time': {
    name: `${META}.MicroTime`,
    schema: () => ({
      description: 'A time in RFC 3339 with microseconds.',
      type: 'string',
      format: 'date-time',
    }),
  },
};

const PLAIN: Partial<Record<ScalarType, JsonSchema>> = {
  string: { type: 'string' },
  bool: { type: 'boolean' },
  int32: { type: 'integer', format: 'int32' },
  int64: { type: 'integer', format: 'int64' },
  double: { type: 'number', format: 'double' },
  bytes: { type: 'string', format: 'byte' },
  any: { type: 'object' },
  // Of no one type. Without a word kubectl could not explain the types that have such fields.
  'schema-or-array': { description: 'A schema, or a list of schemas.' },
  'schema-or-bool': { description: 'A schema, or a boolean.' },
  'schema-or-strings': { description: 'A schema, or a list of names of fields.' },
};

/** These hold any JSON, not objects alone: clients must not insist on a type. */
const ANYTHING: JsonSchema = { description: 'Any JSON value.' };

const PREFIX: Record<Dialect, string> = { v2: '#/definitions/', v3: '#/components/schemas/' };

/** Group, version and kind as OpenAPI's extension names them. */
export interface GroupVersionKind {
  readonly group: string;
  readonly kind: string;
  readonly version: string;
}

/** The definitions that some types need, themselves included, by name in order. */
export class Definitions {
  readonly #schemas = new Map<string, JsonSchema>();
  readonly #kinds = new Map<string, GroupVersionKind[]>();

  constructor(private readonly dialect: Dialect) {}

  /** Adds a type and everything it refers to; `gvk` marks it as the form of that kind. */
  add(name: string, gvk?: GroupVersionKind): void {
    if (gvk) {
      const known = this.#kinds.get(name) ?? [];
      const same = known.some(
        (k) => k.group === gvk.group && k.version === gvk.version && k.kind === gvk.kind,
      );
      if (!same) this.#kinds.set(name, [...known, gvk]);
    }
    if (this.#schemas.has(name) || !hasTypeSchema(name)) return;
    const schema: JsonSchema = {};
    // Set before its fields are looked at: types refer to themselves.
    this.#schemas.set(name, schema);
    const type = typeSchema(name);
    const docs = DOCS[name] ?? {};
    if (docs['']) schema.description = docs[''];
    schema.type = 'object';
    const fields = [...type.fields.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
    const properties: JsonSchema = {};
    for (const field of fields) properties[field.name] = this.#field(field, docs[field.name]);
    if (name === JSON_SCHEMA_TYPE) {
      for (const field of ['default', 'example']) properties[field] = ANYTHING;
      properties.enum = { type: 'array', items: ANYTHING };
    }
    if (fields.length > 0) schema.properties = properties;
    const required = fields.filter((field) => field.required).map((field) => field.name);
    if (required.length > 0) schema.required = required;
    if (type.merge.mapType) schema['x-kubernetes-map-type'] = type.merge.mapType;
  }

  /** Adds a kind's own type and the type of its lists. */
  addKind(kind: KindDefinition): void {
    const gvk = { group: kind.group, kind: kind.kind, version: kind.version };
    if (kind.custom) {
      this.add('io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta');
      this.#schemas.set(kind.schema, kind.custom.openApi(this.dialect));
    }
    this.add(kind.schema, gvk);
    const list = listTypeOf(kind);
    const listGvk = { ...gvk, kind: kind.listKind ?? `${kind.kind}List` };
    this.add(list, listGvk);
    if (this.#schemas.has(list)) return;
    this.add(LIST_META_TYPE);
    this.#schemas.set(list, {
      description: `A list of objects of kind ${kind.kind} in ${apiVersionOf(kind)}.`,
      type: 'object',
      required: ['items'],
      properties: {
        apiVersion: { type: 'string' },
        items: { type: 'array', items: this.#reference(kind.schema) },
        kind: { type: 'string' },
        metadata: this.#reference(LIST_META_TYPE),
      },
    });
  }

  reference(name: string): JsonSchema {
    return { $ref: `${PREFIX[this.dialect]}${name}` };
  }

  toJson(): Record<string, JsonSchema> {
    const names = [...this.#schemas.keys()].sort();
    return Object.fromEntries(
      names.map((name) => {
        const kinds = this.#kinds.get(name);
        const schema = this.#schemas.get(name) ?? {};
        return [name, kinds ? { ...schema, 'x-kubernetes-group-version-kind': kinds } : schema];
      }),
    );
  }

  #field(field: FieldSchema, description: string | undefined): JsonSchema {
    const type = this.#type(field.type);
    const extensions = extensionsOf(field.merge);
    const about = description ? { description } : {};
    if (this.dialect === 'v3' && '$ref' in type) {
      // A reference stands alone in OpenAPI 3; what goes with it is put around it.
      return { ...about, allOf: [type], ...extensions };
    }
    return { ...type, ...about, ...extensions };
  }

  #reference(name: string): JsonSchema {
    return this.#withDefault(this.reference(name));
  }

  #withDefault(reference: JsonSchema): JsonSchema {
    return this.dialect === 'v3' ? { allOf: [reference] } : reference;
  }

  #type(type: FieldType): JsonSchema {
    switch (type.form) {
      case 'object':
        this.add(type.type);
        return this.reference(type.type);
      case 'list':
        return { type: 'array', items: this.#element(type.of) };
      case 'map':
        return { type: 'object', additionalProperties: this.#element(type.of) };
      case 'scalar': {
        const named = NAMED[type.scalar];
        if (named) {
          if (!this.#schemas.has(named.name)) this.#schemas.set(named.name, named.schema(this.dialect));
          return this.reference(named.name);
        }
        return { ...PLAIN[type.scalar] };
      }
    }
  }

  #element(type: FieldType): JsonSchema {
    const schema = this.#type(type);
    return '$ref' in schema ? this.#withDefault(schema) : schema;
  }
}

/** `io.k8s.api.core.v1.Pod` -> `io.k8s.api.core.v1.PodList`. */
export function listTypeOf(kind: KindDefinition): string {
  return `${kind.schema}List`;
}

function extensionsOf(merge: MergeFacts): JsonSchema {
  return {
    ...(merge.listMapKeys ? { 'x-kubernetes-list-map-keys': merge.listMapKeys } : {}),
    ...(merge.listType ? { 'x-kubernetes-list-type': merge.listType } : {}),
    ...(merge.mapType ? { 'x-kubernetes-map-type': merge.mapType } : {}),
    ...(merge.patchMergeKey ? { 'x-kubernetes-patch-merge-key': merge.patchMergeKey } : {}),
    ...(merge.patchStrategy ? { 'x-kubernetes-patch-strategy': merge.patchStrategy } : {}),
  };
}
