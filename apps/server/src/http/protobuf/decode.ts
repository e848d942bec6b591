import { badRequest } from '@wheelhouse/shared/errors';
import { findMessage, type Message, type MessageField, messageFor } from './messages';
import { WireReader } from './wire-reader';

export const PROTOBUF_TYPE = 'application/vnd.kubernetes.protobuf';

/** Every body begins so: "k8s" and a zero byte, then a runtime.Unknown. */
const MAGIC = Buffer.from([0x6b, 0x38, 0x73, 0x00]);
/** Objects of Kubernetes nest a dozen levels; JSON schemas are the deepest. */
const MAX_DEPTH = 64;

type JsonObject = Record<string, unknown>;

/**
 * Reads a request body in Kubernetes' protobuf form, which typed Go clients (kubectl create, controllers) send by
 * default, as the JSON value that it stands for. Throws BadRequest for bytes that are none, or of a kind that is not
 * known here.
 */
export function decodeProtobuf(body: Buffer): JsonObject {
  if (!body.subarray(0, MAGIC.length).equals(MAGIC))
    throw badRequest('the body does not begin as Kubernetes protobuf does');
  try {
    const { apiVersion, kind, raw, contentType } = readEnvelope(new WireReader(body.subarray(MAGIC.length)));
    if (contentType !== '' && contentType !== PROTOBUF_TYPE)
      throw badRequest(`content of type ${JSON.stringify(contentType)} inside protobuf is not known`);
    // An object of its own order: kind and apiVersion first, as everywhere.
    return { kind, apiVersion, ...decodeMessage(apiVersion, kind, raw) };
  } catch (error) {
    if (error instanceof RangeError) throw badRequest(`the body is not valid protobuf: ${error.message}`);
    throw error;
  }
}

/** What a message without its envelope says. Throws BadRequest for unknown kinds, RangeError for bytes that are none. */
export function decodeMessage(apiVersion: string, kind: string, raw: Buffer): JsonObject {
  const message = messageFor(apiVersion, kind);
  if (!message) throw badRequest(`${kind} of ${apiVersion} is not known in protobuf form`);
  return readMessage(new WireReader(raw), message, 0);
}

function readEnvelope(reader: WireReader) {
  const envelope = { apiVersion: '', kind: '', raw: Buffer.alloc(0) as Buffer, contentType: '' };
  for (let field = reader.next(); field; field = reader.next()) {
    if (field.number === 1) {
      const typeMeta = new WireReader(reader.bytes(field));
      for (let inner = typeMeta.next(); inner; inner = typeMeta.next()) {
        if (inner.number === 1) envelope.apiVersion = typeMeta.text(inner);
        else if (inner.number === 2) envelope.kind = typeMeta.text(inner);
        else typeMeta.skip(inner);
      }
    } else if (field.number === 2) envelope.raw = reader.bytes(field);
    else if (field.number === 4) envelope.contentType = reader.text(field);
    else reader.skip(field);
  }
  return envelope;
}

function readMessage(reader: WireReader, message: Message, depth: number): JsonObject {
  if (depth > MAX_DEPTH) throw new RangeError('it nests too deep');
  // No prototype: a map or field called __proto__ must stay an ordinary key.
  const object: JsonObject = Object.create(null);
  for (let found = reader.next(); found; found = reader.next()) {
    const field = message.fields.get(found.number);
    // Fields of newer versions are dropped, as a server that does not know them drops them from JSON.
    if (!field) reader.skip(found);
    else if (field.form === 'map') addEntry(object, field, readEntry(reader.bytes(found), field, depth));
    else if (field.form === 'repeated') append(object, field, readRepeated(reader, found, field, depth));
    else {
      const value = readValue(reader, found, field, depth);
      if (field.form === 'inline') Object.assign(object, value);
      else if (field.optional || !isZero(value)) object[field.name] = value;
    }
  }
  return { ...object };
}

function readValue(
  reader: WireReader,
  found: Parameters<WireReader['skip']>[0],
  field: MessageField,
  depth: number,
): unknown {
  switch (field.type) {
    case 'string':
      return reader.text(found);
    case 'bytes':
      return reader.bytes(found).toString('base64');
    case 'bool':
      return reader.integer(found) !== 0;
    case 'int32':
    case 'int64':
      return reader.integer(found);
    case 'double':
      return reader.double(found);
    default:
      return readNested(reader.bytes(found), field.type, depth);
  }
}

/** Messages that are something else than an object in JSON. */
function readNested(bytes: Buffer, type: string, depth: number): unknown {
  switch (type) {
    case 'meta/Time':
      return readTime(bytes, 'seconds');
    case 'meta/MicroTime':
      return readTime(bytes, 'microseconds');
    case 'resource/Quantity':
      return readSole(bytes, (reader, found) => reader.text(found)) ?? '0';
    case 'intstr/IntOrString':
      return readIntOrString(bytes);
    case 'meta/FieldsV1':
    case 'runtime/RawExtension': {
      const json = readSole(bytes, (reader, found) => reader.bytes(found).toString('utf8'));
      return json ? parseEmbedded(json) : null;
    }
    case 'meta/Duration':
      return undefined;
  }
  const slash = type.indexOf('/');
  const message = findMessage(type.slice(0, slash), type.slice(slash + 1));
  if (!message) throw new RangeError(`it holds a message of unknown type ${type}`);
  const value = readMessage(new WireReader(bytes), message, depth + 1);
  // Lists that Go declares as types of their own, e.g. the values of `extra`.
  return message.isList ? (value.items ?? []) : value;
}

function readTime(bytes: Buffer, precision: 'seconds' | 'microseconds'): string | null {
  if (!bytes.length) return null;
  const reader = new WireReader(bytes);
  let seconds = 0;
  let nanos = 0;
  for (let found = reader.next(); found; found = reader.next()) {
    if (found.number === 1) seconds = reader.integer(found);
    else if (found.number === 2) nanos = reader.integer(found);
    else reader.skip(found);
  }
  const date = new Date(seconds * 1000);
  if (Number.isNaN(date.getTime())) throw new RangeError('a time is out of range');
  const base = date.toISOString().slice(0, 19);
  return precision === 'seconds'
    ? `${base}Z`
    : `${base}.${String(Math.trunc(nanos / 1000)).padStart(6, '0')}Z`;
}

function readIntOrString(bytes: Buffer): number | string {
  const reader = new WireReader(bytes);
  let isString = false;
  let number = 0;
  let text = '';
  for (let found = reader.next(); found; found = reader.next()) {
    if (found.number === 1) isString = reader.integer(found) === 1;
    else if (found.number === 2) number = reader.integer(found);
    else if (found.number === 3) text = reader.text(found);
    else reader.skip(found);
  }
  return isString ? text : number;
}

/** The value of field 1 of a message that has no other that matters. */
function readSole<T>(
  bytes: Buffer,
  read: (reader: WireReader, found: NonNullable<ReturnType<WireReader['next']>>) => T,
): T | undefined {
  const reader = new WireReader(bytes);
  let value: T | undefined;
  for (let found = reader.next(); found; found = reader.next()) {
    if (found.number === 1) value = read(reader, found);
    else reader.skip(found);
  }
  return value;
}

function parseEmbedded(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    throw new RangeError('a raw part of it is not JSON');
  }
}

function readRepeated(
  reader: WireReader,
  found: NonNullable<ReturnType<WireReader['next']>>,
  field: MessageField,
  depth: number,
): unknown[] {
  // Numbers may come packed, many in one field.
  if (found.wire === 2 && (field.type === 'int32' || field.type === 'int64')) return reader.packed(found);
  return [readValue(reader, found, field, depth)];
}

function append(object: JsonObject, field: MessageField, values: unknown[]): void {
  const present = object[field.name];
  if (Array.isArray(present)) present.push(...values);
  else object[field.name] = values;
}

function readEntry(bytes: Buffer, field: MessageField, depth: number): [string, unknown] {
  const reader = new WireReader(bytes);
  let key = '';
  let value: unknown = field.type === 'string' || field.type === 'bytes' ? '' : undefined;
  for (let found = reader.next(); found; found = reader.next()) {
    if (found.number === 1) key = reader.text(found);
    else if (found.number === 2) value = readValue(reader, found, field, depth);
    else reader.skip(found);
  }
  return [key, value];
}

function addEntry(object: JsonObject, field: MessageField, [key, value]: [string, unknown]): void {
  let map = object[field.name];
  if (typeof map !== 'object' || map === null) {
    map = {};
    object[field.name] = map;
  }
  // defineProperty: `map.__proto__ = …` would be no entry.
  Object.defineProperty(map, key, { value, enumerable: true, configurable: true, writable: true });
}

/** Go writes its zero values for every field that is no pointer; in JSON these are left out. */
function isZero(value: unknown): boolean {
  return value === '' || value === 0 || value === false || value === undefined;
}
