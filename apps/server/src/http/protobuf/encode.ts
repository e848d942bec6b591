import type { JsonObject } from '@wheelhouse/shared/meta/json';
import { findMessage, type Message, type MessageField, messageFor } from './messages';
import { WireWriter } from './wire-writer';

/** What every object begins with: "k8s" and a zero byte. */
const MAGIC = Buffer.from([0x6b, 0x38, 0x73, 0x00]);
const EMPTY = Buffer.alloc(0);
const NO_VALUE: JsonObject = Object.freeze({});
const ENVELOPE_END = Buffer.from([0x1a, 0x00, 0x22, 0x00]);

/** Encoding is synchronous, so one writer serves all. */
const writer = new WireWriter();

/** Whether objects of this kind have a protobuf form. */
export function hasProtobuf(apiVersion: string, kind: string): boolean {
  return messageFor(apiVersion, kind) !== undefined;
}

/**
 * The message of an object, without an envelope: what stands inside lists. Undefined when the kind has no protobuf
 * form. Fields that are unknown to the message are left out. Throws RangeError for values that do not fit their field.
 */
export function encodeMessage(apiVersion: string, kind: string, object: object): Buffer | undefined {
  const message = messageFor(apiVersion, kind);
  if (!message) return undefined;
  try {
    writeFields(message, object as JsonObject);
    return writer.take();
  } catch (error) {
    writer.clear();
    throw error;
  }
}

/** Wraps a message as `application/vnd.kubernetes.protobuf` has it: magic, then a runtime.Unknown that names its kind. */
export function envelope(apiVersion: string, kind: string, message: Uint8Array): Buffer {
  const head = envelopeHead(apiVersion, kind, message.length);
  return Buffer.concat([head, message, ENVELOPE_END]);
}

/** What stands before a message of the given length inside its envelope; {@link ENVELOPE_TAIL} follows it. */
export function envelopeHead(apiVersion: string, kind: string, length: number): Buffer {
  writer.size(length);
  writer.tag(2, 2);
  const end = writer.length;
  writer.text(kind);
  writer.tag(2, 2);
  writer.text(apiVersion);
  writer.tag(1, 2);
  writer.size(writer.length - end);
  writer.tag(1, 2);
  writer.bytes(MAGIC);
  return writer.take();
}

/** Empty content encoding and type: the message is plain protobuf. */
export const ENVELOPE_TAIL: Buffer = ENVELOPE_END;

/** An object with its envelope; undefined when its kind has no protobuf form. */
export function encodeProtobuf(object: {
  readonly apiVersion?: string;
  readonly kind?: string;
}): Buffer | undefined {
  const { apiVersion = '', kind = '' } = object;
  const message = encodeMessage(apiVersion, kind, object);
  return message && envelope(apiVersion, kind, message);
}

/**
 * The head of one length-delimited field (`items` of a list), for messages that are put together from prepared parts.
 */
export function fieldHead(number: number, length: number): Buffer {
  writer.size(length);
  writer.tag(number, 2);
  return writer.take();
}

/** One event of a watch stream: the length as four bytes, then a WatchEvent that holds the whole object. */
export function watchFrame(type: string, object: Uint8Array): Buffer {
  writer.bytes(object);
  writer.size(object.length);
  writer.tag(1, 2);
  writer.size(writer.length);
  writer.tag(2, 2);
  writer.text(type);
  writer.tag(1, 2);
  const event = writer.take();
  const frame = Buffer.allocUnsafe(event.length + 4);
  frame.writeUInt32BE(event.length);
  frame.set(event, 4);
  return frame;
}

/** Writes a message's fields, the last first. Its length is what the writer grew by. */
function writeFields(message: Message, object: JsonObject): void {
  if (message.isList) {
    // In JSON such a message is the list of its only field.
    const field = message.descending[0];
    if (field) writeField(field, object);
    return;
  }
  for (const field of message.descending) {
    writeField(field, field.form === 'inline' ? object : own(object, field.name));
  }
}

function own(object: JsonObject, name: string): unknown {
  return Object.hasOwn(object, name) ? object[name] : undefined;
}

function writeField(field: MessageField, value: unknown): void {
  switch (field.form) {
    case 'map':
      writeMap(field, value);
      return;
    case 'repeated':
      if (!Array.isArray(value)) {
        expectAbsent(field, value);
        return;
      }
      for (let i = value.length - 1; i >= 0; i--) writeValue(field, value[i] ?? zeroOf(field));
      return;
    default:
      if (value !== undefined && value !== null) {
        writeValue(field, value);
        return;
      }
      // Go writes the zero of every field that is no pointer; clients read it as "not set".
      if (!field.optional && field.type !== 'bytes') writeValue(field, zeroOf(field));
      else if (field.always) writeValue(field, NO_VALUE);
  }
}

function writeMap(field: MessageField, value: unknown): void {
  if (value === undefined || value === null) return;
  if (typeof value !== 'object') throw wrong(field);
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? 1 : a > b ? -1 : 0));
  for (const [key, member] of entries) {
    const end = writer.length;
    writeValue({ ...field, number: 2 }, member ?? zeroOf(field));
    writer.text(key);
    writer.tag(1, 2);
    writer.size(writer.length - end);
    writer.tag(field.number, 2);
  }
}

function writeValue(field: MessageField, value: unknown): void {
  const { number } = field;
  switch (field.type) {
    case 'string':
      writer.text(typeof value === 'string' ? value : String(value));
      writer.tag(number, 2);
      return;
    case 'bytes': {
      const bytes = typeof value === 'string' ? Buffer.from(value, 'base64') : EMPTY;
      writer.bytes(bytes);
      writer.size(bytes.length);
      writer.tag(number, 2);
      return;
    }
    case 'bool':
      writer.integer(value === true ? 1 : 0);
      writer.tag(number, 0);
      return;
    case 'int32':
    case 'int64':
      if (typeof value !== 'number' || !Number.isFinite(value)) throw wrong(field);
      writer.integer(Math.trunc(value));
      writer.tag(number, 0);
      return;
    case 'double':
      if (typeof value !== 'number') throw wrong(field);
      writer.double(value);
      writer.tag(number, 1);
      return;
  }
  const end = writer.length;
  writeNested(field, value);
  writer.size(writer.length - end);
  writer.tag(number, 2);
}

/** The content of a message; some are something else than an object in JSON. */
function writeNested(field: MessageField, value: unknown): void {
  switch (field.type) {
    case 'meta/Time':
      writeTime(field, value, 'seconds');
      return;
    case 'meta/MicroTime':
      writeTime(field, value, 'microseconds');
      return;
    case 'meta/Duration':
      return;
    case 'resource/Quantity':
      writer.text(value === NO_VALUE ? '0' : String(value));
      writer.tag(1, 2);
      return;
    case 'intstr/IntOrString': {
      writer.text(typeof value === 'string' ? value : '');
      writer.tag(3, 2);
      writer.integer(typeof value === 'number' ? value : 0);
      writer.tag(2, 0);
      writer.integer(typeof value === 'string' ? 1 : 0);
      writer.tag(1, 0);
      return;
    }
    case 'meta/FieldsV1':
    case 'runtime/RawExtension': {
      if (value === NO_VALUE) return;
      const json = Buffer.from(JSON.stringify(value));
      writer.bytes(json);
      writer.size(json.length);
      writer.tag(1, 2);
      return;
    }
  }
  if (typeof value !== 'object' || value === null) throw wrong(field);
  const slash = field.type.indexOf('/');
  const message = findMessage(field.type.slice(0, slash), field.type.slice(slash + 1));
  if (!message) throw new RangeError(`${field.name} is a message of unknown type ${field.type}`);
  // A list or an object: `writeFields` knows which of them the message wants.
  writeFields(message, value as JsonObject);
}

function writeTime(field: MessageField, value: unknown, precision: 'seconds' | 'microseconds'): void {
  if (typeof value !== 'string') return;
  const milliseconds = Date.parse(value);
  if (Number.isNaN(milliseconds)) throw wrong(field);
  let nanos = 0;
  if (precision === 'microseconds') {
    const fraction = /\.(\d+)/.exec(value)?.[1] ?? '';
    nanos = Number(fraction.slice(0, 6).padEnd(6, '0')) * 1000;
  }
  writer.integer(nanos);
  writer.tag(2, 0);
  writer.integer(Math.floor(milliseconds / 1000));
  writer.tag(1, 0);
}

function zeroOf(field: MessageField): unknown {
  switch (field.type) {
    case 'string':
    case 'bytes':
      return '';
    case 'bool':
      return false;
    case 'int32':
    case 'int64':
    case 'double':
      return 0;
    default:
      return NO_VALUE;
  }
}

function expectAbsent(field: MessageField, value: unknown): void {
  if (value !== undefined && value !== null) throw wrong(field);
}

const wrong = (field: MessageField) => new RangeError(`${field.name} does not hold a ${field.type}`);
