import { badRequest } from '../errors';
import { type JsonObject, setOwn } from '../meta/json';
import { type FieldSchema, type FieldType, hasTypeSchema, shortTypeName, typeSchema } from '../meta/schema';
import { FIELD_NUMBERS } from './field-numbers';
import { WireError, WireReader } from './wire';

/** The media type of bodies in protobuf; clients of the official library send them by default since 1.32. */
export const PROTOBUF_TYPE = 'application/vnd.kubernetes.protobuf';

const MAGIC = [0x6b, 0x38, 0x73, 0x00];
const MAX_DEPTH = 100;

/**
 * Turns a protobuf body into the JSON value that it stands for, ready for `decode`.
 *
 * Protobuf writes fields that have no pointer in Go even when they are empty, where JSON leaves them out. So empty
 * texts and unset times are left out here; zeros and falses stay, since they may have been meant.
 * Throws BadRequest for bytes that are none of it, or of a type that has no protobuf form.
 */
export function decodeProtobuf(body: Uint8Array): JsonObject {
  if (!MAGIC.every((byte, i) => body[i] === byte)) {
    throw badRequest('the body does not begin as a Kubernetes protobuf message does');
  }
  try {
    const { apiVersion, kind, raw } = readEnvelope(body.subarray(MAGIC.length));
    const object = readMessage(raw, planOf(schemaNameOf(apiVersion, kind)), 0);
    return { kind, apiVersion, ...object };
  } catch (error) {
    if (error instanceof WireError) throw badRequest(`the body is not valid protobuf: ${error.message}`);
    throw error;
  }
}

/** `runtime.Unknown`: what it is, and the bytes of it. */
function readEnvelope(bytes: Uint8Array): { apiVersion: string; kind: string; raw: Uint8Array } {
  const result: { apiVersion: string; kind: string; raw: Uint8Array } = {
    apiVersion: '',
    kind: '',
    raw: new Uint8Array(),
  };
  const reader = new WireReader(bytes);
  while (!reader.done) {
    const { field, type } = reader.tag();
    if (field === 1 && type === 2) {
      const meta = new WireReader(reader.bytes());
      while (!meta.done) {
        const tag = meta.tag();
        if (tag.field === 1 && tag.type === 2) result.apiVersion = text(meta.bytes());
        else if (tag.field === 2 && tag.type === 2) result.kind = text(meta.bytes());
        else meta.skip(tag.type);
      }
    } else if (field === 2 && type === 2) result.raw = reader.bytes();
    else reader.skip(type);
  }
  return result;
}

const META = 'io.k8s.apimachinery.pkg.apis.meta.v1';
const META_KINDS = new Set(['DeleteOptions', 'Status']);

function schemaNameOf(apiVersion: string, kind: string): string {
  const [group = '', version = ''] = apiVersion.includes('/') ? apiVersion.split('/') : ['core', apiVersion];
  const name = META_KINDS.has(kind)
    ? `${META}.${kind}`
    : `io.k8s.api.${group.split('.')[0]}.${version}.${kind}`;
  if (!/^[\w.-]+$/.test(name) || !hasTypeSchema(name) || !FIELD_NUMBERS[shortTypeName(name)]) {
    throw badRequest(`no kind ${JSON.stringify(kind)} is known in version ${JSON.stringify(apiVersion)}`);
  }
  return name;
}

/** What a field number means: a field of the schema, or a message whose fields belong to the owner. */
type PlanEntry = { readonly field: FieldSchema } | { readonly inline: Plan };
type Plan = ReadonlyMap<number, PlanEntry>;

const plans = new Map<string, Plan>();

function planOf(schemaName: string): Plan {
  let plan = plans.get(schemaName);
  if (!plan) {
    plan = compile(shortTypeName(schemaName), schemaName);
    plans.set(schemaName, plan);
  }
  return plan;
}

function compile(message: string, schemaName: string): Plan {
  const { fields } = typeSchema(schemaName);
  const byLowerCase = new Map([...fields.values()].map((field) => [field.name.toLowerCase(), field]));
  const plan = new Map<number, PlanEntry>();
  for (const part of (FIELD_NUMBERS[message] ?? '').split(' ')) {
    const match = /^(\w+)=(\d+)(?:\^(.+))?$/.exec(part);
    if (!match) continue;
    const number = Number(match[2]);
    // A few names are capitalised otherwise than in JSON: `uID`, `aPIGroup`.
    const field = fields.get(match[1] ?? '') ?? byLowerCase.get((match[1] ?? '').toLowerCase());
    if (match[3]) plan.set(number, { inline: compile(match[3], schemaName) });
    else if (field) plan.set(number, { field });
  }
  return plan;
}

function readMessage(bytes: Uint8Array, plan: Plan, depth: number, into: JsonObject = {}): JsonObject {
  if (depth > MAX_DEPTH) throw new WireError('nested too deeply');
  const reader = new WireReader(bytes);
  while (!reader.done) {
    const { field: number, type } = reader.tag();
    const entry = plan.get(number);
    if (!entry) reader.skip(type);
    else if ('inline' in entry) {
      expect(type, 2);
      readMessage(reader.bytes(), entry.inline, depth + 1, into);
    } else readField(reader, type, entry.field, into, depth);
  }
  return into;
}

function readField(
  reader: WireReader,
  wire: number,
  field: FieldSchema,
  into: JsonObject,
  depth: number,
): void {
  const { name, type } = field;
  switch (type.form) {
    case 'list': {
      into[name] ??= [];
      // Set to a list just above, or by an earlier element.
      const list = into[name] as unknown[];
      const packed = wire === 2 && type.of.form === 'scalar' && isInteger(type.of);
      if (packed) {
        const numbers = new WireReader(reader.bytes());
        while (!numbers.done) list.push(numbers.integer());
      } else list.push(readValue(reader, wire, type.of, depth) ?? '');
      return;
    }
    case 'map': {
      expect(wire, 2);
      into[name] ??= {};
      readEntry(reader.bytes(), type.of, into[name] as JsonObject, depth);
      return;
    }
    default: {
      const value = readValue(reader, wire, type, depth);
      if (value !== undefined) into[name] = value;
    }
  }
}

function readEntry(bytes: Uint8Array, type: FieldType, into: JsonObject, depth: number): void {
  const reader = new WireReader(bytes);
  let key = '';
  let value: unknown;
  while (!reader.done) {
    const tag = reader.tag();
    if (tag.field === 1 && tag.type === 2) key = text(reader.bytes());
    else if (tag.field === 2) value = readMapValue(reader, tag.type, type, depth);
    else reader.skip(tag.type);
  }
  setOwn(into, key, value ?? emptyOf(type));
}

function emptyOf(type: FieldType): unknown {
  if (type.form !== 'scalar') return {};
  return type.scalar === 'time' ? null : '';
}

/** In maps a list of texts is a message with repeated items. */
function readMapValue(reader: WireReader, wire: number, type: FieldType, depth: number): unknown {
  if (type.form !== 'list') return readValue(reader, wire, type, depth);
  expect(wire, 2);
  const items: string[] = [];
  const message = new WireReader(reader.bytes());
  while (!message.done) {
    const tag = message.tag();
    if (tag.field === 1 && tag.type === 2) items.push(text(message.bytes()));
    else message.skip(tag.type);
  }
  return items;
}

const isInteger = (type: FieldType) =>
  type.form === 'scalar' && (type.scalar === 'int32' || type.scalar === 'int64');

/** One value; undefined where JSON would leave it out. */
function readValue(reader: WireReader, wire: number, type: FieldType, depth: number): unknown {
  if (type.form === 'object') {
    expect(wire, 2);
    return readMessage(reader.bytes(), planOf(type.type), depth + 1);
  }
  if (type.form !== 'scalar') throw new WireError('a list within a list');
  switch (type.scalar) {
    case 'int32':
    case 'int64':
      expect(wire, 0);
      return reader.integer();
    case 'bool':
      expect(wire, 0);
      return reader.varint() !== 0n;
    case 'double':
      expect(wire, 1);
      return reader.double();
    default:
      expect(wire, 2);
      return readBytes(reader.bytes(), type.scalar);
  }
}

function readBytes(bytes: Uint8Array, scalar: string): unknown {
  switch (scalar) {
    case 'bytes':
      return base64(bytes);
    case 'quantity':
      return firstText(bytes);
    case 'int-or-string': {
      const { numbers, texts } = smallMessage(bytes);
      return numbers.get(1) === 1 ? (texts.get(3) ?? '') : (numbers.get(2) ?? 0);
    }
    case 'time':
    case 'micro-time': {
      const { numbers } = smallMessage(bytes);
      if (numbers.size === 0) return undefined;
      return timestamp(numbers.get(1) ?? 0, numbers.get(2) ?? 0, scalar);
    }
    case 'any': {
      const json = firstText(bytes);
      if (json === undefined) return undefined;
      try {
        return JSON.parse(json);
      } catch {
        throw new WireError('an embedded object is not JSON');
      }
    }
    default:
      return text(bytes) || undefined;
  }
}

function firstText(bytes: Uint8Array): string | undefined {
  return smallMessage(bytes).texts.get(1);
}

/** The numbers and texts of a message with no messages in it. */
function smallMessage(bytes: Uint8Array): { numbers: Map<number, number>; texts: Map<number, string> } {
  const numbers = new Map<number, number>();
  const texts = new Map<number, string>();
  const reader = new WireReader(bytes);
  while (!reader.done) {
    const { field, type } = reader.tag();
    if (type === 0) numbers.set(field, reader.integer());
    else if (type === 2) texts.set(field, text(reader.bytes()));
    else reader.skip(type);
  }
  return { numbers, texts };
}

/** Years 1 to 9999, which is what RFC 3339 can say. */
const MIN_SECONDS = -62135596800;
const MAX_SECONDS = 253402300799;

function timestamp(seconds: number, nanos: number, scalar: string): string | undefined {
  if (seconds <= MIN_SECONDS) return undefined;
  if (seconds > MAX_SECONDS) throw new WireError('a time is out of range');
  const whole = new Date(seconds * 1000).toISOString().slice(0, 19);
  if (scalar === 'time') return `${whole}Z`;
  return `${whole}.${String(Math.floor(nanos / 1000)).padStart(6, '0')}Z`;
}

const decoder = new TextDecoder('utf-8', { fatal: true });

function text(bytes: Uint8Array): string {
  try {
    return decoder.decode(bytes);
  } catch {
    throw new WireError('a text is not UTF-8');
  }
}

function base64(bytes: Uint8Array): string {
  let binary = '';
  const CHUNK = 0x8000;
  for (let i = 0; i < bytes.length; i += CHUNK)
    binary += String.fromCharCode(...bytes.subarray(i, i + CHUNK));
  return btoa(binary);
}

function expect(actual: number, wanted: number): void {
  if (actual !== wanted) throw new WireError(`wire type ${actual} where ${wanted} belongs`);
}
