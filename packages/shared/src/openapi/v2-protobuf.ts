import { isObject } from '../meta/json';
import type { JsonSchema } from './schemas';
import type { OpenApiV2Document } from './v2';

/**
 * Writes an OpenAPI 2 document as the protobuf message `openapi.v2.Document`, which kubectl up to 1.26 asks for.
 * The field numbers are those of that message's public definition; only the parts that our documents have are
 * written. Extensions travel as YAML, of which JSON is a part.
 */
export function encodeOpenApiV2(document: OpenApiV2Document): Uint8Array {
  const writer = new Writer();
  writer.string(1, document.swagger);
  writer.message(2, (info) => {
    info.string(1, document.info.title);
    info.string(2, document.info.version);
  });
  writer.message(8, (paths) => {
    for (const [name, item] of Object.entries(document.paths)) {
      paths.message(2, (named) => {
        named.string(1, name);
        named.message(2, (out) => writePath(out, item));
      });
    }
  });
  writer.message(9, (definitions) => writeSchemas(definitions, document.definitions));
  return writer.finish();
}

const METHODS = { get: 2, put: 3, post: 4, delete: 5, options: 6, head: 7, patch: 8 } as const;

function writePath(out: Writer, item: JsonSchema): void {
  for (const [method, field] of Object.entries(METHODS)) {
    const operation = item[method];
    if (isObject(operation)) out.message(field, (writer) => writeOperation(writer, operation));
  }
  for (const parameter of objects(item.parameters))
    out.message(9, (writer) => writeParameter(writer, parameter));
}

function writeOperation(out: Writer, operation: JsonSchema): void {
  for (const tag of strings(operation.tags)) out.string(1, tag);
  out.string(3, operation.description);
  out.string(5, operation.operationId);
  for (const type of strings(operation.produces)) out.string(6, type);
  for (const type of strings(operation.consumes)) out.string(7, type);
  for (const parameter of objects(operation.parameters))
    out.message(8, (writer) => writeParameter(writer, parameter));
  out.message(9, (responses) => {
    if (!isObject(operation.responses)) return;
    for (const [code, response] of Object.entries(operation.responses)) {
      if (!isObject(response)) continue;
      responses.message(1, (named) => {
        named.string(1, code);
        named.message(2, (value) => value.message(1, (writer) => writeResponse(writer, response)));
      });
    }
  });
  for (const scheme of strings(operation.schemes)) out.string(10, scheme);
  writeExtensions(out, 13, operation);
}

function writeResponse(out: Writer, response: JsonSchema): void {
  out.string(1, response.description);
  const { schema } = response;
  if (isObject(schema)) out.message(2, (item) => item.message(1, (writer) => writeSchema(writer, schema)));
}

/** A parameter is wrapped three times: item → parameter → body, or non-body → place. */
function writeParameter(out: Writer, parameter: JsonSchema): void {
  out.message(1, (wrapped) => {
    if (parameter.in === 'body') {
      wrapped.message(1, (body) => {
        body.string(2, parameter.name);
        body.string(3, 'body');
        body.bool(4, parameter.required);
        const { schema } = parameter;
        if (isObject(schema)) body.message(5, (writer) => writeSchema(writer, schema));
      });
      return;
    }
    const isQuery = parameter.in === 'query';
    wrapped.message(2, (nonBody) =>
      nonBody.message(isQuery ? 3 : 4, (writer) => {
        writer.bool(1, parameter.required);
        writer.string(2, parameter.in);
        writer.string(3, parameter.description);
        writer.string(4, parameter.name);
        writer.string(isQuery ? 6 : 5, parameter.type);
        writer.bool(isQuery ? 20 : 19, parameter.uniqueItems);
      }),
    );
  });
}

function writeSchemas(out: Writer, schemas: Record<string, unknown>): void {
  for (const [name, schema] of Object.entries(schemas)) {
    if (!isObject(schema)) continue;
    out.message(1, (named) => {
      named.string(1, name);
      named.message(2, (writer) => writeSchema(writer, schema));
    });
  }
}

function writeSchema(out: Writer, schema: JsonSchema): void {
  out.string(1, schema.$ref);
  out.string(2, schema.format);
  out.string(4, schema.description);
  for (const name of strings(schema.required)) out.string(19, name);
  const { additionalProperties, items, properties, type } = schema;
  if (isObject(additionalProperties)) {
    out.message(21, (item) => item.message(1, (writer) => writeSchema(writer, additionalProperties)));
  }
  if (typeof type === 'string') out.message(22, (item) => item.string(1, type));
  if (isObject(items)) out.message(23, (item) => item.message(1, (writer) => writeSchema(writer, items)));
  if (isObject(properties)) out.message(25, (item) => writeSchemas(item, properties));
  writeExtensions(out, 31, schema);
}

function writeExtensions(out: Writer, field: number, object: JsonSchema): void {
  for (const [name, value] of Object.entries(object)) {
    if (!name.startsWith('x-')) continue;
    out.message(field, (named) => {
      named.string(1, name);
      named.message(2, (any) => any.string(2, `${JSON.stringify(value)}\n`));
    });
  }
}

function strings(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((item) => typeof item === 'string') : [];
}

function objects(value: unknown): JsonSchema[] {
  return Array.isArray(value) ? value.filter(isObject) : [];
}

const encoder = new TextEncoder();
const LENGTH_DELIMITED = 2;
const VARINT = 0;

/** Enough of protobuf's wire format: strings, booleans and messages. Zero values are left out. */
class Writer {
  readonly #chunks: Uint8Array[] = [];
  #length = 0;

  string(field: number, value: unknown): void {
    if (typeof value !== 'string' || value === '') return;
    this.#bytes(field, encoder.encode(value));
  }

  bool(field: number, value: unknown): void {
    if (value === true) this.#push(Uint8Array.of(...varint(field * 8 + VARINT), 1));
  }

  message(field: number, write: (writer: Writer) => void): void {
    const inner = new Writer();
    write(inner);
    this.#bytes(field, inner.finish());
  }

  finish(): Uint8Array {
    const result = new Uint8Array(this.#length);
    let at = 0;
    for (const chunk of this.#chunks) {
      result.set(chunk, at);
      at += chunk.length;
    }
    return result;
  }

  #bytes(field: number, bytes: Uint8Array): void {
    this.#push(Uint8Array.of(...varint(field * 8 + LENGTH_DELIMITED), ...varint(bytes.length)));
    this.#push(bytes);
  }

  #push(bytes: Uint8Array): void {
    this.#chunks.push(bytes);
    this.#length += bytes.length;
  }
}

/** Seven bits a byte, the lowest first. */
function varint(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  while (rest > 127) {
    bytes.push((rest % 128) + 128);
    rest = Math.floor(rest / 128);
  }
  bytes.push(rest);
  return bytes;
}
