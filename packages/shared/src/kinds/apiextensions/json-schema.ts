import type { JSONSchemaProps, ValidationRule } from 'kubernetes-types/apiextensions/v1';

/**
 * The schema of a custom resource as it stands in its definition: OpenAPI's subset and Kubernetes' extensions,
 * whose dashed names the package of wire types leaves out.
 */
export interface JsonSchema
  extends Omit<
    JSONSchemaProps,
    | 'additionalItems'
    | 'additionalProperties'
    | 'allOf'
    | 'anyOf'
    | 'default'
    | 'definitions'
    | 'dependencies'
    | 'enum'
    | 'example'
    | 'items'
    | 'not'
    | 'oneOf'
    | 'patternProperties'
    | 'properties'
  > {
  additionalItems?: JsonSchema | boolean;
  additionalProperties?: JsonSchema | boolean;
  allOf?: JsonSchema[];
  anyOf?: JsonSchema[];
  default?: unknown;
  definitions?: Record<string, JsonSchema>;
  dependencies?: Record<string, unknown>;
  enum?: unknown[];
  example?: unknown;
  items?: JsonSchema | JsonSchema[];
  not?: JsonSchema;
  oneOf?: JsonSchema[];
  patternProperties?: Record<string, JsonSchema>;
  properties?: Record<string, JsonSchema>;
  'x-kubernetes-embedded-resource'?: boolean;
  'x-kubernetes-int-or-string'?: boolean;
  'x-kubernetes-list-map-keys'?: string[];
  'x-kubernetes-list-type'?: string;
  'x-kubernetes-map-type'?: string;
  'x-kubernetes-preserve-unknown-fields'?: boolean;
  'x-kubernetes-validations'?: ValidationRule[];
}

/** The schema that the elements of a list follow, or undefined: lists of several schemas are not structural. */
export function itemsOf(schema: JsonSchema): JsonSchema | undefined {
  return Array.isArray(schema.items) ? undefined : schema.items;
}

/** The schema of a map's values, or undefined where none is given. */
export function valuesOf(schema: JsonSchema): JsonSchema | undefined {
  return typeof schema.additionalProperties === 'object' ? schema.additionalProperties : undefined;
}

/** A property by its name, whatever the name is. */
export function propertyOf(schema: JsonSchema, name: string): JsonSchema | undefined {
  const { properties } = schema;
  return properties && Object.hasOwn(properties, name) ? properties[name] : undefined;
}

/** True when `test` holds for a schema or anything below it. */
export function someSchema(schema: JsonSchema, test: (schema: JsonSchema) => boolean): boolean {
  if (test(schema)) return true;
  const below: (JsonSchema | undefined)[] = [
    ...(Array.isArray(schema.items) ? schema.items : [schema.items]),
    valuesOf(schema),
    ...Object.values(schema.properties ?? {}),
    ...(schema.allOf ?? []),
    ...(schema.anyOf ?? []),
    ...(schema.oneOf ?? []),
    schema.not,
    ...Object.values(schema.definitions ?? {}),
    ...Object.values(schema.patternProperties ?? {}),
  ];
  return below.some((child) => child !== undefined && someSchema(child, test));
}
