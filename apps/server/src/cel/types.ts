import { itemsOf, type JsonSchema, valuesOf } from '@wheelhouse/shared/kinds/apiextensions/json-schema';
import { escapeName, withOwnFields } from './schema-values';
import type { CelValue } from './values';

/** What is known of an expression's value before it is there; `dyn` knows nothing and goes with everything. */
export interface CelType {
  readonly kind: string;
  /** Of lists: the elements. Of maps: the values. */
  readonly of?: CelType;
  /** Of objects: the fields, by the names that expressions use. */
  readonly fields?: ReadonlyMap<string, CelType>;
}

export const DYN: CelType = { kind: 'dyn' };
export const boolType: CelType = { kind: 'bool' };
export const stringType: CelType = { kind: 'string' };
export const authorizerType: CelType = {
  kind: 'kubernetes.authorization.Authorizer',
  fields: new Map([['requestResource', DYN]]),
};

/** A value that is known already. */
export function literal(value: CelValue, kind: string): { type: CelType; code: () => CelValue } {
  return { type: { kind }, code: () => value };
}

/** Elements of a list; of a map its keys or its values. */
export function elementType(type: CelType, part: 'key' | 'value'): CelType {
  if (type.kind === 'list') return type.of ?? DYN;
  if (type.kind === 'map') return part === 'key' ? stringType : (type.of ?? DYN);
  return DYN;
}

/** A field of an object; undefined when it certainly has none of that name. */
export function memberType(type: CelType, field: string): CelType | undefined {
  switch (type.kind) {
    case 'map':
      return type.of ?? DYN;
    case 'dyn':
    case 'optional_type':
      return DYN;
    default:
      return type.fields?.get(field);
  }
}

const COMPARISONS = new Set(['_<_', '_<=_', '_>_', '_>=_']);
const EQUALITIES = new Set(['_==_', '_!=_']);
const NUMBERS = new Set(['int', 'uint', 'double']);
const SUMS = new Set(['int', 'uint', 'double', 'string', 'bytes', 'list']);
const TIMES = new Set(['google.protobuf.Timestamp', 'google.protobuf.Duration']);
const BOOLEANS = new Set([
  '@in',
  'matches',
  'contains',
  'startsWith',
  'endsWith',
  'isURL',
  'isQuantity',
  'isIP',
  'isCIDR',
  'ip.isCanonical',
  'isSorted',
  'sets.contains',
  'sets.equivalent',
  'sets.intersects',
  'hasValue',
  'isLessThan',
  'isGreaterThan',
  'isInteger',
  'containsIP',
  'containsCIDR',
  'allowed',
  'errored',
]);
const STRINGS = new Set([
  'lowerAscii',
  'upperAscii',
  'trim',
  'replace',
  'substring',
  'join',
  'string',
  'reverse_string',
  'reason',
  'error',
]);

/** What a call gives; undefined when its operands certainly do not go together. */
export function resultType(name: string, operands: readonly CelType[]): CelType | undefined {
  const [a = DYN, b = DYN] = operands;
  const open = a.kind === 'dyn' || b.kind === 'dyn';
  if (EQUALITIES.has(name)) {
    if (open || a.kind === b.kind || a.kind === 'null_type' || b.kind === 'null_type') return boolType;
    if ((a.kind === 'object' || a.kind === 'map') && (b.kind === 'map' || b.kind === 'object'))
      return boolType;
    return undefined;
  }
  if (COMPARISONS.has(name)) {
    if (open || a.kind === b.kind || (NUMBERS.has(a.kind) && NUMBERS.has(b.kind))) return boolType;
    return undefined;
  }
  if (name === '_+_') {
    if (open) return DYN;
    if (TIMES.has(a.kind) && TIMES.has(b.kind)) return DYN;
    return a.kind === b.kind && SUMS.has(a.kind) ? a : undefined;
  }
  if (name === '_-_' || name === '_*_' || name === '_/_' || name === '_%_') {
    if (open) return DYN;
    if (name === '_-_' && TIMES.has(a.kind) && TIMES.has(b.kind)) return DYN;
    return a.kind === b.kind && NUMBERS.has(a.kind) ? a : undefined;
  }
  if (name === 'size' || name === 'int') return { kind: 'int' };
  if (name === 'double') return { kind: 'double' };
  if (BOOLEANS.has(name) || name === 'bool') return boolType;
  if (STRINGS.has(name)) return stringType;
  return DYN;
}

const types = new WeakMap<JsonSchema, CelType>();

/** The type that a schema gives its values. */
export function typeOfSchema(schema: JsonSchema, isResource = false): CelType {
  const known = isResource ? undefined : types.get(schema);
  if (known) return known;
  const type = deriveType(isResource ? withOwnFields(schema) : schema);
  if (!isResource) types.set(schema, type);
  return type;
}

function deriveType(schema: JsonSchema): CelType {
  if (schema['x-kubernetes-int-or-string'] || schema.nullable) return DYN;
  const items = itemsOf(schema);
  const values = valuesOf(schema);
  switch (schema.type) {
    case 'array':
      return { kind: 'list', of: items ? typeOfSchema(items) : DYN };
    case 'object': {
      if (values) return { kind: 'map', of: typeOfSchema(values) };
      const whole = schema['x-kubernetes-embedded-resource'] ? withOwnFields(schema) : schema;
      const names = Object.entries(whole.properties ?? {});
      if (schema['x-kubernetes-preserve-unknown-fields'] && names.length === 0) return DYN;
      return {
        kind: 'object',
        fields: new Map(names.map(([name, property]) => [escapeName(name), typeOfSchema(property)])),
      };
    }
    case 'integer':
      return { kind: 'int' };
    case 'number':
      return { kind: 'double' };
    case 'boolean':
      return boolType;
    case 'string':
      if (schema.format === 'date-time' || schema.format === 'date')
        return { kind: 'google.protobuf.Timestamp' };
      if (schema.format === 'duration') return { kind: 'google.protobuf.Duration' };
      return schema.format === 'byte' ? { kind: 'bytes' } : stringType;
    default:
      return DYN;
  }
}
