import { ApiError, badRequest, invalid } from '../errors';
import { invalidValue } from './field-error';
import { isObject, type JsonObject, setOwn } from './json';
import { apiVersionOf, type KindDefinition } from './kind';
import type { KubeObject } from './object';
import { canonicalQuantity, isQuantity, milliQuantity } from './quantity';
import { type FieldType, type ScalarType, typeSchema } from './schema';

/**
 * Makes typed objects of JSON values that clients sent, driven by the generated schema: what the schema does not
 * know is dropped and reported, what has the wrong type is refused. The result shares nothing with the input,
 * and its fields stand in the schema's order whatever order they were sent in, so that equal objects become
 * equal bytes and share one hidden class.
 *
 * As in Kubernetes, null means absent for a field, and the zero value for a list's element or a map's value.
 */
export interface Decoded<T> {
  readonly object: T;
  /** As strict field validation words them: `unknown field "spec.foo"`. At most 100. */
  readonly unknownFields: readonly string[];
}

export type DecodableKind<T extends KubeObject = KubeObject> = Pick<
  KindDefinition<T>,
  'group' | 'version' | 'kind' | 'schema' | 'custom' | '__type'
>;

const MAX_DEPTH = 200;
const MAX_UNKNOWN = 100;

/**
 * Decodes a whole object. `kind` and `apiVersion` may be missing and are filled in; others than the expected
 * ones are a BadRequest, as is a field of the wrong type.
 */
export function decode<T extends KubeObject>(kind: DecodableKind<T>, raw: unknown): Decoded<T> {
  // The definition says what T is; its kind makes objects of nothing else.
  if (kind.custom) return kind.custom.decode(raw) as Decoded<T>;
  const expected = apiVersionOf(kind);
  if (!isObject(raw)) {
    throw badRequest(
      `${cannot(kind, expected)}: json: cannot unmarshal ${nameOf(raw)} into Go value of type ${goName(kind.schema)}`,
    );
  }
  const { apiVersion, kind: sentKind } = raw;
  if (apiVersion !== undefined && apiVersion !== null && apiVersion !== '' && apiVersion !== expected) {
    throw badRequest(
      `the API version in the data (${String(apiVersion)}) does not match the expected API version (${expected})`,
    );
  }
  if (sentKind !== undefined && sentKind !== null && sentKind !== '' && sentKind !== kind.kind) {
    throw badRequest(
      `${String(sentKind)} in version "${kind.version}" cannot be handled as a ${kind.kind}: the kind does not match`,
    );
  }
  const context = new Context();
  let object: JsonObject;
  try {
    object = decoderOf(kind.schema)(raw, '', context, 0);
  } catch (error) {
    throw error instanceof TypeMismatch ? wrongType(kind, expected, error) : error;
  }
  // The two come first on the wire, whether they were sent or not.
  if (!object.kind || !object.apiVersion) {
    const { kind: _kind, apiVersion: _apiVersion, ...rest } = object;
    object = { kind: kind.kind, apiVersion: expected, ...rest };
  }
  // The decoder has checked every field against T's schema.
  return { object: object as T, unknownFields: context.unknown };
}

/**
 * Decodes what a patch has made of an object. What does not fit the type is the patch's fault: Invalid (422) with
 * the cause on `patch`, where a body sent as a whole would be a BadRequest.
 */
export function decodePatched<T extends KubeObject>(kind: DecodableKind<T>, patched: unknown): Decoded<T> {
  try {
    return decode(kind, patched);
  } catch (error) {
    if (!(error instanceof ApiError) || error.reason !== 'BadRequest') throw error;
    throw invalid({}, [invalidValue('patch', '', error.message)]);
  }
}

/** Decodes a part of an object, e.g. a patch result or DeleteOptions, by its schema name. */
export function decodeType(schema: string, raw: unknown): Decoded<JsonObject> {
  if (!isObject(raw))
    throw badRequest(`json: cannot unmarshal ${nameOf(raw)} into Go value of type ${goName(schema)}`);
  const context = new Context();
  try {
    return { object: decoderOf(schema)(raw, '', context, 0), unknownFields: context.unknown };
  } catch (error) {
    throw error instanceof TypeMismatch ? badRequest(error.message) : error;
  }
}

class Context {
  readonly unknown: string[] = [];
  report(path: string): void {
    if (this.unknown.length < MAX_UNKNOWN) this.unknown.push(`unknown field "${path}"`);
  }
}

/** A value of another type than the schema's; becomes a BadRequest. */
class TypeMismatch extends Error {
  constructor(value: unknown, path: string, type: string, detail?: string) {
    super(
      detail ?? `json: cannot unmarshal ${nameOf(value)} into Go struct field ${path || '.'} of type ${type}`,
    );
  }
}

function cannot(kind: DecodableKind, _apiVersion: string): string {
  return `${kind.kind} in version "${kind.version}" cannot be handled as a ${kind.kind}`;
}

function wrongType(kind: DecodableKind, apiVersion: string, error: TypeMismatch): ApiError {
  return badRequest(`${cannot(kind, apiVersion)}: ${error.message}`);
}

type ObjectDecoder = (raw: JsonObject, path: string, context: Context, depth: number) => JsonObject;
type ValueDecoder = (raw: unknown, path: string, context: Context, depth: number) => unknown;

const decoders = new Map<string, ObjectDecoder>();

function decoderOf(schema: string): ObjectDecoder {
  let decoder = decoders.get(schema);
  if (!decoder) {
    decoder = compile(schema);
    decoders.set(schema, decoder);
  }
  return decoder;
}

function compile(schema: string): ObjectDecoder {
  const { fields } = typeSchema(schema);
  const names = [...fields.keys()];
  // As Go leaves them out: an optional list or map without elements is the same as none. No owners at all are a wish.
  const drops = [...fields.values()].map(
    ({ name, type, required }) =>
      !required && (type.form === 'list' || type.form === 'map') && name !== 'managedFields',
  );
  const zeros = [...fields.values()].map((field) =>
    field.zero === 'always' ? zeroOf(field.type) : undefined,
  );
  const dropsZero = [...fields.values()].map((field) => field.zero === 'dropped');
  const noTimes = [...fields.values()].map(({ type }) =>
    type.form === 'scalar' ? NO_TIME[type.scalar] : undefined,
  );
  // Compiled on first use: types refer to themselves and to each other.
  let values: ValueDecoder[] | undefined;
  return (raw, path, context, depth) => {
    if (depth > MAX_DEPTH) throw badRequest('the object is nested too deeply');
    values ??= [...fields.values()].map((field) => valueDecoder(field.type));
    const result: JsonObject = {};
    let seen = 0;
    for (let i = 0; i < names.length; i++) {
      // Both arrays have one entry a field.
      const name = names[i] as string;
      const value = raw[name];
      if (value !== undefined) seen++;
      if (value === undefined || value === null || value === noTimes[i]) {
        const zero = zeros[i];
        if (zero) result[name] = zero(context, depth + 1);
        continue;
      }
      const decoded = (values[i] as ValueDecoder)(
        value,
        path === '' ? name : `${path}.${name}`,
        context,
        depth + 1,
      );
      // After the decoder: a zero of another type is refused all the same.
      if (dropsZero[i] && (decoded === '' || decoded === 0 || decoded === false)) continue;
      if (drops[i] && isEmpty(decoded)) continue;
      result[name] = decoded;
    }
    let keys = 0;
    for (const key in raw) if (raw[key] !== undefined) keys++;
    if (keys !== seen) {
      for (const key of Object.keys(raw)) {
        if (raw[key] !== undefined && !fields.has(key)) context.report(path === '' ? key : `${path}.${key}`);
      }
    }
    return result;
  };
}

/** The year 1 is how Go and others write that there is no time. */
const NO_TIME: Partial<Record<ScalarType, string>> = {
  time: '0001-01-01T00:00:00Z',
  'micro-time': '0001-01-01T00:00:00.000000Z',
};

function isEmpty(value: unknown): boolean {
  if (Array.isArray(value)) return value.length === 0;
  for (const _key in value as object) return false;
  return true;
}

function valueDecoder(type: FieldType): ValueDecoder {
  switch (type.form) {
    case 'object': {
      const decoder = decoderOf(type.type);
      const go = goName(type.type);
      return (raw, path, context, depth) => {
        if (!isObject(raw)) throw new TypeMismatch(raw, path, go);
        return decoder(raw, path, context, depth);
      };
    }
    case 'list': {
      const element = valueDecoder(type.of);
      const zero = zeroOf(type.of);
      const go = goTypeOf(type);
      return (raw, path, context, depth) => {
        if (!Array.isArray(raw)) throw new TypeMismatch(raw, path, go);
        const result: unknown[] = new Array(raw.length);
        for (let i = 0; i < raw.length; i++) {
          const value: unknown = raw[i];
          result[i] =
            value === null ? zero(context, depth + 1) : element(value, `${path}[${i}]`, context, depth + 1);
        }
        return result;
      };
    }
    case 'map': {
      const element = isQuantityType(type.of) ? resourceAmount : valueDecoder(type.of);
      const zero = zeroOf(type.of);
      const go = goTypeOf(type);
      return (raw, path, context, depth) => {
        if (!isObject(raw)) throw new TypeMismatch(raw, path, go);
        const result: JsonObject = {};
        for (const key of Object.keys(raw)) {
          const value = raw[key];
          if (value === undefined) continue;
          setOwn(
            result,
            key,
            value === null ? zero(context, depth + 1) : element(value, `${path}.${key}`, context, depth + 1),
          );
        }
        return result;
      };
    }
    case 'scalar':
      return SCALARS[type.scalar];
  }
}

function isQuantityType(type: FieldType): boolean {
  return type.form === 'scalar' && type.scalar === 'quantity';
}

/** Amounts of resources by name: nobody gets a part of a thousandth. */
function resourceAmount(raw: unknown, path: string, context: Context, depth: number): string {
  // The scalar's decoder makes canonical texts.
  return milliQuantity(SCALARS.quantity(raw, path, context, depth) as string);
}

const INT32_MAX = 2 ** 31 - 1;
/** The last character before the padding says more than its byte can hold. */
const SPARE_BITS = /(?:[^AQgw]==|[^AEIMQUYcgkosw048]=)$/;

function canonicalBase64(text: string): string {
  const padding = text.endsWith('==') ? 2 : 1;
  const at = text.length - padding - 1;
  const sextet = ALPHABET.indexOf(text[at] ?? 'A');
  const kept = sextet & (padding === 2 ? 0b110000 : 0b111100);
  return `${text.slice(0, at)}${ALPHABET[kept]}${'='.repeat(padding)}`;
}

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;
const TIME =
  /^\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])T(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)$/;

const SCALARS: Record<ScalarType, ValueDecoder> = {
  string(raw, path) {
    if (typeof raw !== 'string') throw new TypeMismatch(raw, path, 'string');
    return raw;
  },
  bool(raw, path) {
    if (typeof raw !== 'boolean') throw new TypeMismatch(raw, path, 'bool');
    return raw;
  },
  int32(raw, path) {
    if (typeof raw !== 'number') throw new TypeMismatch(raw, path, 'int32');
    if (!Number.isInteger(raw) || raw > INT32_MAX || raw < -INT32_MAX - 1) {
      throw new TypeMismatch(
        raw,
        path,
        'int32',
        `json: cannot unmarshal number ${raw} into Go struct field ${path} of type int32`,
      );
    }
    return raw;
  },
  int64(raw, path) {
    if (typeof raw !== 'number') throw new TypeMismatch(raw, path, 'int64');
    // 2^63 as a double is the first that does not fit.
    if (!Number.isInteger(raw) || raw >= 2 ** 63 || raw < -(2 ** 63)) {
      throw new TypeMismatch(
        raw,
        path,
        'int64',
        `json: cannot unmarshal number ${raw} into Go struct field ${path} of type int64`,
      );
    }
    return raw;
  },
  double(raw, path) {
    if (typeof raw !== 'number') throw new TypeMismatch(raw, path, 'float64');
    return raw;
  },
  bytes(raw, path) {
    if (typeof raw !== 'string') throw new TypeMismatch(raw, path, '[]uint8');
    const clean = /[\r\n]/.test(raw) ? raw.replace(/[\r\n]/g, '') : raw;
    if (!BASE64.test(clean)) {
      throw new TypeMismatch(raw, path, '[]uint8', `illegal base64 data in field ${path}`);
    }
    // Bits that no byte has room for go, as they do when bytes are written anew.
    return clean.endsWith('=') && SPARE_BITS.test(clean) ? canonicalBase64(clean) : clean;
  },
  quantity(raw, path) {
    // Numbers are taken as their text, as everywhere in Kubernetes.
    const text = typeof raw === 'number' ? String(raw) : typeof raw === 'string' ? raw.trim() : undefined;
    if (text === undefined) throw new TypeMismatch(raw, path, 'resource.Quantity');
    if (!isQuantity(text)) {
      throw new TypeMismatch(
        raw,
        path,
        'resource.Quantity',
        `quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$' (field ${path})`,
      );
    }
    return canonicalQuantity(text);
  },
  'int-or-string'(raw, path) {
    if (typeof raw === 'string') return raw;
    if (typeof raw !== 'number') throw new TypeMismatch(raw, path, 'intstr.IntOrString');
    if (!Number.isInteger(raw) || Math.abs(raw) > INT32_MAX) {
      throw new TypeMismatch(
        raw,
        path,
        'int32',
        `json: cannot unmarshal number ${raw} into Go struct field ${path} of type int32`,
      );
    }
    return raw;
  },
  time(raw, path) {
    return decodeTime(raw, path, 0);
  },
  'micro-time'(raw, path) {
    return decodeTime(raw, path, 6);
  },
  any(raw, _path, _context, depth) {
    return copyAny(raw, depth);
  },
  'schema-or-array'(raw, path, context, depth) {
    if (Array.isArray(raw))
      return raw.map((item, i) => jsonSchema(item, `${path}[${i}]`, context, depth + 1));
    return jsonSchema(raw, path, context, depth);
  },
  'schema-or-bool'(raw, path, context, depth) {
    return typeof raw === 'boolean' ? raw : jsonSchema(raw, path, context, depth);
  },
  'schema-or-strings'(raw, path, context, depth) {
    return Array.isArray(raw)
      ? raw.map((item, i) => SCALARS.string(item, `${path}[${i}]`, context, depth))
      : jsonSchema(raw, path, context, depth);
  },
};

function jsonSchema(raw: unknown, path: string, context: Context, depth: number): JsonObject {
  const name = 'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaProps';
  if (!isObject(raw)) throw new TypeMismatch(raw, path, goName(name));
  return decoderOf(name)(raw, path, context, depth);
}

/** Times are kept in UTC: whole seconds (`Time`) or six digits of fraction (`MicroTime`), never through a Date's rounding. */
function decodeTime(raw: unknown, path: string, digits: 0 | 6): string {
  if (typeof raw !== 'string') throw new TypeMismatch(raw, path, 'time.Time');
  if (!TIME.test(raw) || !isDay(raw)) {
    throw new TypeMismatch(
      raw,
      path,
      'time.Time',
      `parsing time ${JSON.stringify(raw)} as "2006-01-02T15:04:05Z07:00": cannot parse ${JSON.stringify(raw)} (field ${path})`,
    );
  }
  if (digits === 0 && raw.length === 20) return raw;
  // Kubernetes takes exactly six digits here, so that what was sent is what is kept.
  if (digits === 6 && !/\.\d{6}(?:Z|[+-])/.test(raw)) {
    throw new TypeMismatch(
      raw,
      path,
      'v1.MicroTime',
      `parsing time ${JSON.stringify(raw)} as "2006-01-02T15:04:05.000000Z07:00": it needs six digits of fraction (field ${path})`,
    );
  }
  const fraction = /\.(\d+)/.exec(raw)?.[1] ?? '';
  const zone = raw.endsWith('Z') ? 'Z' : raw.slice(-6);
  const seconds =
    zone === 'Z'
      ? raw.slice(0, 19)
      : new Date(Date.parse(`${raw.slice(0, 19)}${zone}`)).toISOString().slice(0, 19);
  return digits === 0 ? `${seconds}Z` : `${seconds}.${fraction}Z`;
}

/** Whether the month has such a day. */
function isDay(time: string): boolean {
  const day = Number(time.slice(8, 10));
  return (
    day <= 28 || new Date(Date.UTC(Number(time.slice(0, 4)), Number(time.slice(5, 7)), 0)).getUTCDate() >= day
  );
}

function copyAny(raw: unknown, depth: number): unknown {
  if (typeof raw !== 'object' || raw === null) return raw;
  if (depth > MAX_DEPTH) throw badRequest('the object is nested too deeply');
  if (Array.isArray(raw)) return raw.map((item) => copyAny(item, depth + 1));
  const copy: JsonObject = {};
  for (const key of Object.keys(raw)) setOwn(copy, key, copyAny((raw as JsonObject)[key], depth + 1));
  return copy;
}

function zeroOf(type: FieldType): (context: Context, depth: number) => unknown {
  switch (type.form) {
    case 'object':
      return (context, depth) => decoderOf(type.type)({}, '', context, depth);
    case 'map':
      return () => ({});
    case 'list':
      return () => [];
    case 'scalar':
      switch (type.scalar) {
        case 'string':
        case 'bytes':
        case 'schema-or-strings':
          return () => '';
        case 'bool':
        case 'schema-or-bool':
          return () => false;
        case 'quantity':
          return () => '0';
        case 'time':
        case 'micro-time':
        case 'any':
        case 'schema-or-array':
          return () => null;
        default:
          return () => 0;
      }
  }
}

/** JSON's name of a value, as Go's decoder says it. */
function nameOf(value: unknown): string {
  if (Array.isArray(value)) return 'array';
  if (value === null) return 'null';
  return typeof value === 'boolean' ? 'bool' : typeof value;
}

/** `io.k8s.api.core.v1.PodSpec` -> `v1.PodSpec`. */
function goName(schema: string): string {
  return schema.split('.').slice(-2).join('.');
}

function goTypeOf(type: FieldType): string {
  switch (type.form) {
    case 'object':
      return goName(type.type);
    case 'list':
      return `[]${goTypeOf(type.of)}`;
    case 'map':
      return `map[string]${goTypeOf(type.of)}`;
    case 'scalar':
      return type.scalar;
  }
}
