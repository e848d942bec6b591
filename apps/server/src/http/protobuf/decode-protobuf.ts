import { isUtf8 } from 'node:buffer';
import { badRequest, unsupportedMediaType } from '@wheelhouse/shared/errors';
import { type JsonObject, setOwn } from '@wheelhouse/shared/meta/json';
import { type FieldType, hasTypeSchema, typeSchema } from '@wheelhouse/shared/meta/schema';
import { FIELD_NUMBERS } from './field-numbers';
import { WireReader } from './wire';

export const PROTOBUF_TYPE = 'application/vnd.kubernetes.protobuf';

const MAGIC = Buffer.from('k8s\0', 'latin1');
const MAX_DEPTH = 100;

/**
 * Reads a body in Kubernetes' protobuf form, which clients in Go prefer for what they send, as the JSON value that it
 * stands for. Answers are JSON: every client that sends protobuf accepts that too. The type is named in the envelope.
 */
export function decodeProtobuf(body: Buffer): JsonObject {
  if (body.length < 4 || !body.subarray(0, 4).equals(MAGIC)) {
    throw badRequest('the body is not Kubernetes protobuf: its first bytes are others');
  }
  let apiVersion = '';
  let kind = '';
  let raw: Buffer = Buffer.alloc(0);
  const envelope = new WireReader(body.subarray(4));
  while (!envelope.done) {
    const { field, wire } = envelope.tag();
    if (wire !== 2 || (field !== 1 && field !== 2)) {
      envelope.skip(wire);
    } else if (field === 2) {
      raw = envelope.block();
    } else {
      const meta = new WireReader(envelope.block());
      while (!meta.done) {
        const part = meta.tag();
        if (part.wire === 2 && part.field === 1) apiVersion = text(meta.block());
        else if (part.wire === 2 && part.field === 2) kind = text(meta.block());
        else meta.skip(part.wire);
      }
    }
  }
  const schema = schemaOf(apiVersion, kind);
  if (!schema) {
    throw unsupportedMediaType(
      `${apiVersion}, kind ${kind} cannot be read as ${PROTOBUF_TYPE} - accepted media types include: application/json, application/yaml`,
    );
  }
  return { kind, apiVersion, ...decodeMessage(schema, raw, 0) };
}

/** `apps/v1`, `Deployment` → the name of its type; undefined when no field numbers are known for it. */
function schemaOf(apiVersion: string, kind: string): string | undefined {
  const slash = apiVersion.indexOf('/');
  const group = slash < 0 ? 'core' : (apiVersion.slice(0, slash).split('.')[0] ?? '');
  const version = slash < 0 ? apiVersion : apiVersion.slice(slash + 1);
  const candidates = [
    `io.k8s.api.${group}.${version}.${kind}`,
    // Options are registered in every group.
    `io.k8s.apimachinery.pkg.apis.meta.v1.${kind}`,
  ];
  return candidates.find((name) => Object.hasOwn(FIELD_NUMBERS, name) && hasTypeSchema(name));
}

interface ProtoField {
  readonly name: string;
  /** Undefined: not a field in JSON, but a message whose fields JSON writes in its place. */
  readonly type: FieldType | undefined;
  /** Type of the message that is written inline. */
  readonly inline: string | undefined;
}

const layouts = new Map<string, ReadonlyMap<number, ProtoField>>();

/** `owner` is the type whose fields are meant: another one where a message is written inline. */
function layoutOf(schema: string, owner = schema): ReadonlyMap<number, ProtoField> {
  const id = `${schema} ${owner}`;
  let layout = layouts.get(id);
  if (layout) return layout;
  const { fields } = typeSchema(owner);
  const made = new Map<number, ProtoField>();
  const namespace = schema.slice(0, schema.lastIndexOf('.') + 1);
  for (const entry of (FIELD_NUMBERS[schema] ?? '').split(' ')) {
    const [name = '', number = '', message] = entry.split(':');
    if (number === '') continue;
    const type = fields.get(name)?.type;
    const inline = type === undefined && message ? `${namespace}${message}` : undefined;
    if (type || inline) made.set(Number(number), { name, type, inline });
  }
  layout = made;
  layouts.set(id, layout);
  return layout;
}

function decodeMessage(schema: string, bytes: Buffer, depth: number): JsonObject {
  const result: JsonObject = {};
  readInto(result, { layout: layoutOf(schema), owner: schema }, bytes, depth);
  return result;
}

interface Level {
  readonly layout: ReadonlyMap<number, ProtoField>;
  readonly owner: string;
}

function readInto(result: JsonObject, { layout, owner }: Level, bytes: Buffer, depth: number): void {
  if (depth > MAX_DEPTH) throw badRequest('the body is nested too deeply');
  const reader = new WireReader(bytes);
  while (!reader.done) {
    const { field, wire } = reader.tag();
    const known = layout.get(field);
    if (!known) {
      reader.skip(wire);
      continue;
    }
    const { name, type, inline } = known;
    if (inline !== undefined) {
      if (wire !== 2) throw badRequest(`the body is not valid protobuf: ${name}`);
      readInto(result, { layout: layoutOf(inline, owner), owner }, reader.block(), depth + 1);
    } else if (type?.form === 'map') {
      const map = isRecord(result[name]) ? result[name] : {};
      result[name] = map;
      const { key, value } = readPair(reader.block(), type.of, depth + 1);
      setOwn(map, key, value);
    } else if (type?.form === 'list') {
      const list = Array.isArray(result[name]) ? result[name] : [];
      result[name] = list;
      list.push(readValue(reader, wire, type.of, depth + 1));
    } else if (type) {
      const value = readValue(reader, wire, type, depth + 1);
      if (!isDefault(name, value)) result[name] = value;
    }
  }
}

function isRecord(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function readPair(bytes: Buffer, of: FieldType, depth: number): { key: string; value: unknown } {
  const reader = new WireReader(bytes);
  let key = '';
  let value: unknown = of.form === 'scalar' && of.scalar === 'quantity' ? '0' : '';
  while (!reader.done) {
    const { field, wire } = reader.tag();
    if (field === 1 && wire === 2) key = text(reader.block());
    else if (field === 2) value = readValue(reader, wire, of, depth);
    else reader.skip(wire);
  }
  return { key, value };
}

function readValue(reader: WireReader, wire: number, type: FieldType, depth: number): unknown {
  if (type.form === 'object') return decodeMessage(type.type, expectBlock(reader, wire), depth);
  if (type.form !== 'scalar') throw badRequest('the body is not valid protobuf: a list within a list');
  switch (type.scalar) {
    case 'string':
      return text(expectBlock(reader, wire));
    case 'bytes':
      return expectBlock(reader, wire).toString('base64');
    case 'bool':
      return expectNumber(reader, wire) !== 0;
    case 'int32':
    case 'int64':
      return expectNumber(reader, wire);
    case 'double':
      if (wire !== 1) throw badRequest('the body is not valid protobuf: a double of another form');
      return reader.double();
    case 'quantity':
      return text(partOf(expectBlock(reader, wire), 1) ?? Buffer.from('0'));
    case 'int-or-string':
      return intOrString(expectBlock(reader, wire));
    case 'time':
      return time(expectBlock(reader, wire), 0);
    case 'micro-time':
      return time(expectBlock(reader, wire), 6);
    default:
      return anyJson(expectBlock(reader, wire));
  }
}

function expectBlock(reader: WireReader, wire: number): Buffer {
  if (wire !== 2) throw badRequest(`the body is not valid protobuf: wire type ${wire} where a block is due`);
  return reader.block();
}

function expectNumber(reader: WireReader, wire: number): number {
  if (wire !== 0) throw badRequest(`the body is not valid protobuf: wire type ${wire} where a number is due`);
  return Number(reader.varint());
}

function text(bytes: Buffer): string {
  if (!isUtf8(bytes)) throw badRequest('the body is not valid protobuf: a text is not UTF-8');
  return bytes.toString('utf8');
}

/** The last block with this number. */
function partOf(bytes: Buffer, number: number): Buffer | undefined {
  const reader = new WireReader(bytes);
  let found: Buffer | undefined;
  while (!reader.done) {
    const { field, wire } = reader.tag();
    if (field === number && wire === 2) found = reader.block();
    else reader.skip(wire);
  }
  return found;
}

function intOrString(bytes: Buffer): number | string {
  const reader = new WireReader(bytes);
  let isString = false;
  let number = 0;
  let string = '';
  while (!reader.done) {
    const { field, wire } = reader.tag();
    if (field === 1 && wire === 0) isString = reader.varint() !== 0n;
    else if (field === 2 && wire === 0) number = Number(reader.varint());
    else if (field === 3 && wire === 2) string = text(reader.block());
    else reader.skip(wire);
  }
  return isString ? string : number;
}

/** Undefined for Go's zero time, which is written as an empty message. */
function time(bytes: Buffer, digits: 0 | 6): string | undefined {
  if (bytes.length === 0) return undefined;
  const reader = new WireReader(bytes);
  let seconds = 0;
  let nanos = 0;
  while (!reader.done) {
    const { field, wire } = reader.tag();
    if (wire !== 0) reader.skip(wire);
    else if (field === 1) seconds = Number(reader.varint());
    else if (field === 2) nanos = Number(reader.varint());
    else reader.skip(wire);
  }
  const date = new Date(seconds * 1000);
  if (Number.isNaN(date.getTime())) throw badRequest('the body holds a time that is none');
  const whole = date.toISOString().slice(0, 19);
  return digits === 0 ? `${whole}Z` : `${whole}.${String(Math.floor(nanos / 1000)).padStart(6, '0')}Z`;
}

/** A raw extension: JSON in the first field. */
function anyJson(bytes: Buffer): unknown {
  const raw = partOf(bytes, 1);
  if (!raw || raw.length === 0) return undefined;
  try {
    return JSON.parse(text(raw));
  } catch {
    throw badRequest('the body holds an extension that is not JSON');
  }
}

/**
 * Go writes fields that are not pointers even when they are zero, which in JSON are left out. Texts that matter when
 * empty do not occur among the served kinds; of the other fields these are the ones that are no pointers.
 */
const NOT_POINTERS = new Set([
  'generation',
  'hostNetwork',
  'hostPID',
  'hostIPC',
  'stdin',
  'stdinOnce',
  'tty',
  'readOnly',
  'paused',
  'unschedulable',
  'publishNotReadyAddresses',
  'hostPort',
  'nodePort',
  'healthCheckNodePort',
  'minReadySeconds',
  'initialDelaySeconds',
  'timeoutSeconds',
  'periodSeconds',
  'successThreshold',
  'failureThreshold',
  'observedGeneration',
  'updatedReplicas',
  'readyReplicas',
  'availableReplicas',
  'unavailableReplicas',
  'fullyLabeledReplicas',
  'count',
]);

function isDefault(name: string, value: unknown): boolean {
  if (value === undefined || value === '') return true;
  return (value === 0 || value === false) && NOT_POINTERS.has(name);
}
