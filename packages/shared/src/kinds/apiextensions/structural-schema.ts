import { type FieldError, forbidden, invalidValue, notSupported, required } from '../../meta/field-error';
import { isObject } from '../../meta/json';
import { itemsOf, type JsonSchema, propertyOf, someSchema, valuesOf } from './json-schema';

/** Deeper schemas are refused: nobody means them, and everything below walks them recursively. */
const MAX_DEPTH = 100;
const META_FIELDS = ['metadata', 'apiVersion', 'kind'];
const TYPES = ['array', 'boolean', 'integer', 'number', 'object', 'string'];
const ROOT_FIELDS_WITH_STATUS =
  '[Description Type Format Title Maximum ExclusiveMaximum Minimum ExclusiveMinimum MaxLength MinLength Pattern MaxItems MinItems UniqueItems MultipleOf Required Items Properties ExternalDocs Example XPreserveUnknownFields XValidations]';
const ROOT_NAMES_WITH_STATUS = new Set([
  'description',
  'type',
  'format',
  'title',
  'maximum',
  'exclusiveMaximum',
  'minimum',
  'exclusiveMinimum',
  'maxLength',
  'minLength',
  'pattern',
  'maxItems',
  'minItems',
  'uniqueItems',
  'multipleOf',
  'required',
  'items',
  'properties',
  'externalDocs',
  'example',
  'x-kubernetes-preserve-unknown-fields',
  'x-kubernetes-validations',
]);

/**
 * Everything that a schema of a custom resource must be, without looking at values: OpenAPI's subset, what
 * Kubernetes' extensions ask of each other, and the structural form. Paths begin with `field`.
 */
export function validateSchema(
  schema: JsonSchema,
  field: string,
  { hasStatus }: { hasStatus: boolean },
): FieldError[] {
  const errors: FieldError[] = [];
  if (hasStatus) errors.push(...rootWithStatus(schema, field));
  if (schema.nullable) errors.push(forbidden(`${field}.nullable`, 'nullable cannot be true at the root'));
  errors.push(...openApiRules(schema, field, { root: true, insideMeta: false, noDefaults: undefined }, 0));
  // What has no structural form is told once, and nothing more of its structure.
  const unsupported = unsupportedPart(schema);
  if (unsupported) {
    if (errors.length > 0) return errors;
    return [invalidValue(field, '', `OpenAPIV3Schema '${unsupported}' is not supported`)];
  }
  errors.push(...invariants(schema, 'root', field));
  errors.push(...completeness(schema, field));
  return errors;
}

const UNSUPPORTED = [
  ['id', 'id'],
  ['$schema', 'schema'],
  ['$ref', '$ref'],
  ['patternProperties', 'patternProperties'],
  ['dependencies', 'dependencies'],
  ['additionalItems', 'additionalItems'],
  ['definitions', 'definitions'],
] as const;

/** The name of something that structural schemas cannot say, anywhere in this one. */
function unsupportedPart(schema: JsonSchema): string | undefined {
  let found: string | undefined;
  someSchema(schema, (part) => {
    found =
      UNSUPPORTED.find(([name]) => !isZero(part[name]))?.[1] ??
      (Array.isArray(part.items) ? 'items' : undefined);
    return found !== undefined;
  });
  return found;
}

/** As Go sees it: not set. */
function isZero(value: unknown): boolean {
  if (value === undefined || value === null || value === '' || value === false) return true;
  return isObject(value) && Object.keys(value).length === 0;
}

/** With a status subresource the root may hold only what keeps its meaning when status is looked at alone. */
function rootWithStatus(schema: JsonSchema, field: string): FieldError[] {
  const first = ['id', '$schema', '$ref', 'type'];
  const names = [
    ...first,
    ...Object.keys(schema).filter((name) => !first.includes(name)),
  ] as (keyof JsonSchema)[];
  for (const name of names) {
    const value = schema[name];
    if (value === undefined || value === '' || (value === false && name !== 'additionalProperties')) continue;
    if (name === 'type') {
      if (value !== 'object') {
        return [
          invalidValue(
            `${field}.type`,
            value,
            'only "object" is allowed as the type at the root of the schema if the status subresource is enabled',
          ),
        ];
      }
    } else if (!ROOT_NAMES_WITH_STATUS.has(name)) {
      return [
        invalidValue(
          field,
          schema,
          `only ${ROOT_FIELDS_WITH_STATUS} fields are allowed at the root of the schema if the status subresource is enabled`,
        ),
      ];
    }
  }
  return [];
}

interface Where {
  readonly root: boolean;
  /** Within the metadata, kind or apiVersion of a resource. */
  readonly insideMeta: boolean;
  /** Why no defaults may stand here, if so. */
  readonly noDefaults: string | undefined;
}

function openApiRules(schema: JsonSchema, field: string, where: Where, depth: number): FieldError[] {
  if (depth > MAX_DEPTH) return [invalidValue(field, '', 'the schema is nested too deeply')];
  const errors: FieldError[] = [];
  const below = (child: JsonSchema, path: string, inner: Partial<Where> = {}) =>
    errors.push(...openApiRules(child, path, { ...where, root: false, ...inner }, depth + 1));

  if (schema.default !== undefined && where.noDefaults !== undefined) {
    errors.push(forbidden(`${field}.default`, `must not be set ${where.noDefaults}`));
  }
  if (where.insideMeta && schema['x-kubernetes-embedded-resource']) {
    errors.push(
      forbidden(`${field}.x-kubernetes-embedded-resource`, 'must not be used inside of resource meta'),
    );
  }
  for (const name of [
    'id',
    'additionalItems',
    'patternProperties',
    'definitions',
    'dependencies',
    '$ref',
  ] as const) {
    if (schema[name] !== undefined) errors.push(forbidden(`${field}.${name}`, `${name} is not supported`));
  }
  if (schema.type === 'null') {
    errors.push(forbidden(`${field}.type`, 'type cannot be set to null, use nullable as an alternative'));
  }
  if (schema.type && !TYPES.includes(schema.type)) {
    errors.push(notSupported(`${field}.type`, schema.type, TYPES));
  }
  if (Array.isArray(schema.items)) {
    errors.push(forbidden(`${field}.items`, 'items must be a schema object and not an array'));
  }
  if (schema.uniqueItems) {
    errors.push(
      forbidden(
        `${field}.uniqueItems`,
        'uniqueItems cannot be set to true since the runtime complexity becomes quadratic',
      ),
    );
  }
  const { additionalProperties } = schema;
  const hasProperties = Object.keys(schema.properties ?? {}).length > 0;
  if (additionalProperties !== undefined && additionalProperties !== true && hasProperties) {
    errors.push(
      forbidden(`${field}.additionalProperties`, 'additionalProperties and properties are mutual exclusive'),
    );
  }
  if (typeof additionalProperties === 'object') {
    const noDefaults = where.insideMeta
      ? 'inside additionalProperties applying to object metadata'
      : where.noDefaults;
    below(additionalProperties, `${field}.additionalProperties`, { noDefaults });
  }
  const isResource = where.root || schema['x-kubernetes-embedded-resource'] === true;
  for (const [name, property] of Object.entries(schema.properties ?? {})) {
    const isMeta = isResource && META_FIELDS.includes(name);
    below(property, `${field}.properties[${name}]`, {
      ...(isMeta ? { insideMeta: true } : {}),
      ...(isMeta && where.root ? { noDefaults: `in top-level ${name}` } : {}),
    });
  }
  if (schema.not) below(schema.not, `${field}.not`);
  for (const junctor of ['allOf', 'anyOf', 'oneOf'] as const) {
    schema[junctor]?.forEach((child, i) => {
      below(child, `${field}.${junctor}[${i}]`);
    });
  }
  const items = itemsOf(schema);
  if (items) below(items, `${field}.items`);
  if (schema['x-kubernetes-preserve-unknown-fields'] === false) {
    errors.push(
      invalidValue(`${field}.x-kubernetes-preserve-unknown-fields`, false, 'must be true or undefined'),
    );
  }
  errors.push(...listRules(schema, field));
  return errors;
}

/** `x-kubernetes-map-type`, `x-kubernetes-list-type` and `x-kubernetes-list-map-keys`. */
function listRules(schema: JsonSchema, field: string): FieldError[] {
  const errors: FieldError[] = [];
  const mapType = schema['x-kubernetes-map-type'];
  const listType = schema['x-kubernetes-list-type'];
  const keys = schema['x-kubernetes-list-map-keys'] ?? [];
  if (mapType !== undefined) {
    errors.push(...mustBe(schema, field, 'object', 'x-kubernetes-map-type'));
    if (mapType !== 'atomic' && mapType !== 'granular') {
      errors.push(notSupported(`${field}.x-kubernetes-map-type`, mapType, ['atomic', 'granular']));
    }
  }
  if (listType !== undefined) {
    errors.push(...mustBe(schema, field, 'array', 'x-kubernetes-list-type'));
    if (!['atomic', 'set', 'map'].includes(listType)) {
      errors.push(notSupported(`${field}.x-kubernetes-list-type`, listType, ['atomic', 'set', 'map']));
    }
  }
  if (keys.length > 0 && listType !== 'map') {
    const text = 'must be map if x-kubernetes-list-map-keys is non-empty';
    const at = `${field}.x-kubernetes-list-type`;
    errors.push(listType === undefined ? required(at, text) : invalidValue(at, listType, text));
  }
  if (listType === 'map') errors.push(...keyedListRules(schema, keys, field));
  if (listType === 'set') errors.push(...setRules(itemsOf(schema), field));
  return errors;
}

function mustBe(schema: JsonSchema, field: string, type: string, extension: string): FieldError[] {
  if (schema.type === type) return [];
  const text = `must be ${type} if ${extension} is specified`;
  return [schema.type ? invalidValue(`${field}.type`, schema.type, text) : required(`${field}.type`, text)];
}

function keyedListRules(schema: JsonSchema, keys: readonly string[], field: string): FieldError[] {
  const errors: FieldError[] = [];
  const atKeys = `${field}.x-kubernetes-list-map-keys`;
  if (keys.length === 0) {
    errors.push(required(atKeys, 'must not be empty if x-kubernetes-list-type is map'));
  }
  if (schema.items === undefined) {
    errors.push(required(`${field}.items`, 'must have a schema if x-kubernetes-list-type is map'));
    return errors;
  }
  const items = itemsOf(schema);
  if (!items) {
    errors.push(
      invalidValue(
        `${field}.items`,
        schema.items,
        'must only have a single schema if x-kubernetes-list-type is map',
      ),
    );
    return errors;
  }
  if (items.nullable) {
    errors.push(
      forbidden(`${field}.items.nullable`, 'cannot be nullable when x-kubernetes-list-type is map'),
    );
  }
  if (items.type !== 'object') {
    errors.push(
      invalidValue(
        `${field}.items.type`,
        items.type ?? '',
        "must be object if parent array's x-kubernetes-list-type is map",
      ),
    );
    return errors;
  }
  const seen = new Set<string>();
  for (const key of keys) {
    const property = propertyOf(items, key);
    const at = `${field}.items.properties[${key}]`;
    if (!property) {
      errors.push(invalidValue(atKeys, keys, 'entries must all be names of item properties'));
      continue;
    }
    if (property.type === 'array' || property.type === 'object') {
      errors.push(
        invalidValue(
          `${at}.type`,
          property.type,
          "must be a scalar type if parent array's x-kubernetes-list-type is map",
        ),
      );
    }
    if (property.nullable) {
      errors.push(
        forbidden(
          `${at}.nullable`,
          'this property is in x-kubernetes-list-map-keys, so it cannot be nullable',
        ),
      );
    }
    if (property.default === undefined && !items.required?.includes(key)) {
      errors.push(
        required(
          `${at}.default`,
          'this property is in x-kubernetes-list-map-keys, so it must have a default or be a required property',
        ),
      );
    }
    if (seen.has(key)) errors.push(invalidValue(atKeys, keys, 'must not contain duplicate entries'));
    seen.add(key);
  }
  return errors;
}

function setRules(items: JsonSchema | undefined, field: string): FieldError[] {
  if (!items) return [];
  const errors: FieldError[] = [];
  if (items.nullable) {
    errors.push(
      forbidden(`${field}.items.nullable`, 'cannot be nullable when x-kubernetes-list-type is set'),
    );
  }
  const text = 'must be atomic as item of a list with x-kubernetes-list-type=set';
  const listType = items['x-kubernetes-list-type'];
  const mapType = items['x-kubernetes-map-type'];
  if (items.type === 'array' && listType !== undefined && listType !== 'atomic') {
    errors.push(invalidValue(`${field}.items.x-kubernetes-list-type`, listType, text));
  }
  if (items.type === 'object' && mapType !== 'atomic') {
    errors.push(invalidValue(`${field}.items.x-kubernetes-map-type`, mapType ?? '', text));
  }
  return errors;
}

type Level = 'root' | 'item' | 'field';

const MISSING_TYPE: Record<Level, string> = {
  root: 'must not be empty at the root',
  item: 'must not be empty for specified array items',
  field: 'must not be empty for specified object fields',
};

/** What makes a schema structural: every field it speaks of has a type of its own, outside of all junctors. */
function invariants(schema: JsonSchema, level: Level, field: string): FieldError[] {
  const errors: FieldError[] = [];
  const items = itemsOf(schema);
  if (schema.type === 'array' && !items) errors.push(required(`${field}.items`, 'must be specified'));
  if (items) errors.push(...invariants(items, 'item', `${field}.items`));
  for (const [name, property] of Object.entries(schema.properties ?? {})) {
    errors.push(...invariants(property, 'field', `${field}.properties[${name}]`));
  }
  if (level === 'root' && schema.additionalProperties !== undefined) {
    errors.push(forbidden(`${field}.additionalProperties`, 'must not be used at the root'));
  }
  const values = valuesOf(schema);
  if (values) errors.push(...invariants(values, 'field', `${field}.additionalProperties`));

  const embedded = schema['x-kubernetes-embedded-resource'] ?? false;
  const preserves = schema['x-kubernetes-preserve-unknown-fields'] ?? false;
  const intOrString = schema['x-kubernetes-int-or-string'] ?? false;
  const type = schema.type ?? '';
  if (embedded && type !== 'object') {
    const text = 'must be object if x-kubernetes-embedded-resource is true';
    errors.push(type ? invalidValue(`${field}.type`, type, text) : required(`${field}.type`, text));
  } else if (!type && !intOrString && !preserves) {
    errors.push(required(`${field}.type`, MISSING_TYPE[level]));
  }
  if (embedded && schema.additionalProperties !== undefined) {
    errors.push(
      forbidden(`${field}.additionalProperties`, 'must not be used if x-kubernetes-embedded-resource is set'),
    );
  }
  if (level === 'root' && type && type !== 'object') {
    errors.push(invalidValue(`${field}.type`, type, 'must be object at the root'));
  }
  const isObjectMeta = level === 'root' || embedded;
  for (const name of ['kind', 'apiVersion']) {
    const property = propertyOf(schema, name);
    if (property && isObjectMeta && property.type !== 'string') {
      errors.push(invalidValue(`${field}.properties[${name}].type`, property.type ?? '', 'must be string'));
    }
  }
  const metadata = propertyOf(schema, 'metadata');
  if (metadata && isObjectMeta) {
    errors.push(...metadataRules(metadata, level, `${field}.properties[metadata]`));
  }
  if (embedded && !preserves && Object.keys(schema.properties ?? {}).length === 0) {
    errors.push(
      required(
        `${field}.properties`,
        'must not be empty if x-kubernetes-embedded-resource is true without x-kubernetes-preserve-unknown-fields',
      ),
    );
  }
  if (intOrString && preserves) {
    errors.push(
      invalidValue(
        `${field}.x-kubernetes-preserve-unknown-fields`,
        true,
        'must be false if x-kubernetes-int-or-string is true',
      ),
    );
  }
  if (intOrString && embedded) {
    errors.push(
      invalidValue(
        `${field}.x-kubernetes-embedded-resource`,
        true,
        'must be false if x-kubernetes-int-or-string is true',
      ),
    );
  }
  errors.push(...junctorRules(schema, field, 'outside'));
  return errors;
}

function metadataRules(metadata: JsonSchema, level: Level, field: string): FieldError[] {
  const errors: FieldError[] = [];
  if (metadata.type !== 'object') {
    errors.push(invalidValue(`${field}.type`, metadata.type ?? '', 'must be object'));
  }
  if (level !== 'root') return errors;
  const { type: _type, properties, description: _description, ...others } = metadata;
  const more = Object.keys(properties ?? {}).some((name) => name !== 'name' && name !== 'generateName');
  if (more || Object.values(others).some((value) => value !== undefined)) {
    errors.push(
      forbidden(
        field,
        'must not specify anything other than name and generateName, but metadata is implicitly specified',
      ),
    );
  }
  return errors;
}

/** Inside allOf, anyOf, oneOf and not stand conditions on values alone. */
function junctorRules(schema: JsonSchema, field: string, place: 'outside' | 'inside'): FieldError[] {
  const errors: FieldError[] = [];
  // The two ways of saying "a number or a string", as beside x-kubernetes-int-or-string.
  const saysBoth = (list: readonly JsonSchema[] | undefined) =>
    place === 'outside' &&
    list?.length === 2 &&
    list[0]?.type === 'integer' &&
    list[1]?.type === 'string' &&
    Object.keys(list[0]).length === 1 &&
    Object.keys(list[1]).length === 1;
  if (!saysBoth(schema.anyOf)) {
    schema.anyOf?.forEach((child, i) => {
      errors.push(...nestedRules(child, `${field}.anyOf[${i}]`));
    });
  }
  schema.oneOf?.forEach((child, i) => {
    errors.push(...nestedRules(child, `${field}.oneOf[${i}]`));
  });
  schema.allOf?.forEach((child, i) => {
    const at = `${field}.allOf[${i}]`;
    if (i === 0 && saysBoth(child.anyOf)) {
      const { anyOf: _both, ...rest } = child;
      errors.push(...nestedRules(rest, at));
    } else {
      errors.push(...nestedRules(child, at));
    }
  });
  if (schema.not) errors.push(...nestedRules(schema.not, `${field}.not`));
  return errors;
}

const NOT_WITHIN: readonly [keyof JsonSchema, string][] = [
  ['type', 'must be empty to be structural'],
  ['title', 'must be empty to be structural'],
  ['description', 'must be empty to be structural'],
  ['default', 'must be undefined to be structural'],
  ['nullable', 'must be false to be structural'],
  ['additionalProperties', 'must be undefined to be structural'],
  ['x-kubernetes-preserve-unknown-fields', 'must be false to be structural'],
  ['x-kubernetes-embedded-resource', 'must be false to be structural'],
  ['x-kubernetes-int-or-string', 'must be false to be structural'],
  ['x-kubernetes-list-map-keys', 'must be empty to be structural'],
  ['x-kubernetes-list-type', 'must be undefined to be structural'],
  ['x-kubernetes-map-type', 'must be undefined to be structural'],
  ['x-kubernetes-validations', 'must be empty to be structural'],
];

function nestedRules(schema: JsonSchema, field: string): FieldError[] {
  const errors: FieldError[] = [];
  for (const [name, text] of NOT_WITHIN) {
    const value = schema[name];
    if (value === undefined || value === false || value === '') continue;
    errors.push(forbidden(`${field}.${name}`, text));
  }
  const items = itemsOf(schema);
  if (items) errors.push(...nestedRules(items, `${field}.items`));
  for (const [name, property] of Object.entries(schema.properties ?? {})) {
    errors.push(...nestedRules(property, `${field}.properties[${name}]`));
  }
  if (propertyOf(schema, 'metadata')) {
    errors.push(forbidden(`${field}.properties[metadata]`, 'must not be specified in a nested context'));
  }
  errors.push(...junctorRules(schema, field, 'inside'));
  return errors;
}

/** Whatever a condition in a junctor at the root speaks of must be defined outside as well; further in, nobody asks. */
function completeness(schema: JsonSchema, field: string): FieldError[] {
  const errors: FieldError[] = [];
  const inside = (children: readonly JsonSchema[] | undefined, name: string) => {
    children?.forEach((child, i) => {
      errors.push(...covered(child, schema, field, `${field}.${name}[${i}]`));
    });
  };
  inside(schema.allOf, 'allOf');
  inside(schema.anyOf, 'anyOf');
  inside(schema.oneOf, 'oneOf');
  if (schema.not) errors.push(...covered(schema.not, schema, field, `${field}.not`));
  return errors;
}

function covered(inner: JsonSchema, outer: JsonSchema, field: string, from: string): FieldError[] {
  const errors: FieldError[] = [];
  const items = itemsOf(inner);
  if (items) {
    const own = itemsOf(outer);
    const at = `${field}.items`;
    if (own) errors.push(...covered(items, own, at, `${from}.items`));
    else errors.push(required(at, `because it is defined in ${from}.items`));
  }
  for (const [name, property] of Object.entries(inner.properties ?? {})) {
    const own = propertyOf(outer, name) ?? valuesOf(outer);
    const at = `${field}.properties[${name}]`;
    if (own) errors.push(...covered(property, own, at, `${from}.properties[${name}]`));
    else errors.push(required(at, `because it is defined in ${from}.properties[${name}]`));
  }
  for (const junctor of ['allOf', 'anyOf', 'oneOf'] as const) {
    inner[junctor]?.forEach((child, i) => {
      errors.push(...covered(child, outer, field, `${from}.${junctor}[${i}]`));
    });
  }
  if (inner.not) errors.push(...covered(inner.not, outer, field, `${from}.not`));
  return errors;
}
