import type { Clock } from '@wheelhouse/shared/clock';
import { notAcceptable } from '@wheelhouse/shared/errors';
import { apiVersionOf } from '@wheelhouse/shared/meta/kind';
import type { Entry } from '../registry/entry';
import type { ListPage } from '../registry/list';
import type { StoredResource } from '../registry/stored-resource';
import { encodeAs, JSON_TYPE, LINE_END } from './encode-as';
import type { Encoding, Representation } from './negotiation';
import { PROTOBUF_TYPE } from './protobuf/decode';
import { ENVELOPE_TAIL, encodeMessage, envelope, envelopeHead, fieldHead } from './protobuf/encode';
import { partialOf, tableOf } from './tables';

/** What `?includeObject=` puts into the rows of a table. */
export type IncludeObject = 'Metadata' | 'Object' | 'None';

export interface Shape {
  readonly representation: Representation;
  readonly includeObject: IncludeObject;
  readonly clock: Clock;
}

export interface Body {
  readonly type: string;
  readonly chunks: Iterable<Buffer>;
  readonly length: number;
}

/** Small pieces are gathered to blocks of about this size before they are written. */
export const BLOCK = 64 * 1024;

/** The JSON of an entry in the form of the resource that was asked for. */
export function jsonOf(resource: StoredResource, entry: Entry): Buffer {
  if (!resource.kind.convert) return entry.bytes;
  const view = resource.view(entry);
  return view === entry.object ? entry.bytes : Buffer.from(JSON.stringify(view));
}

/** Messages are made once for each revision; the objects of an entry never change. */
const messages = new WeakMap<Entry, Buffer>();

/** The protobuf message of an entry, without an envelope. Only for kinds that have one. */
function messageOf(resource: StoredResource, entry: Entry): Buffer {
  const { kind } = resource;
  const shared = kind.convert === undefined ? messages.get(entry) : undefined;
  if (shared) return shared;
  const message = encodeMessage(apiVersionOf(kind), kind.kind, resource.view(entry));
  if (!message) throw notAcceptable(`${kind.kind} has no protobuf form`);
  if (!kind.convert) messages.set(entry, message);
  return message;
}

/** The protobuf of an entry in the form of the resource that was asked for. */
export function protobufOf(resource: StoredResource, entry: Entry): Buffer {
  return envelope(apiVersionOf(resource.kind), resource.kind.kind, messageOf(resource, entry));
}

/** The encoding of whatever an answer consists of. */
export function encodingOf(representation: Representation): Encoding {
  switch (representation.form) {
    case 'partial':
    case 'table':
      return representation.encoding;
    default:
      return representation.form;
  }
}

/** One object as an answer. Throws NotAcceptable when a form for lists was asked for. */
export function presentOne(
  resource: StoredResource,
  entry: Entry,
  shape: Shape,
): { type: string; body: Buffer } {
  const { representation } = shape;
  switch (representation.form) {
    case 'json':
      return { type: JSON_TYPE, body: jsonOf(resource, entry) };
    case 'protobuf':
      return { type: PROTOBUF_TYPE, body: protobufOf(resource, entry) };
    case 'yaml':
      return encodeAs('yaml', resource.view(entry));
    case 'table':
      return encodeAs(
        representation.encoding,
        tableOf(resource, [entry], { resourceVersion: String(entry.revision) }, shape),
      );
    case 'partial':
      if (representation.list) {
        throw notAcceptable(
          `you requested PartialObjectMetadataList, but the requested object is not a list (${resource.kind.kind})`,
        );
      }
      return encodeAs(
        representation.encoding,
        partialOf(resource.view(entry), representation.version, resource.kind.fieldAnnotations),
      );
  }
}

/** A page of a list as an answer. Throws NotAcceptable when a form for single objects was asked for. */
export function presentList(resource: StoredResource, page: ListPage, shape: Shape): Body {
  const { kind } = resource;
  const metadata = {
    resourceVersion: String(page.revision),
    ...(page.continue === undefined ? {} : { continue: page.continue }),
    ...(page.remaining === undefined ? {} : { remainingItemCount: page.remaining }),
  };
  const names = { kind: kind.listKind ?? `${kind.kind}List`, apiVersion: apiVersionOf(kind) };
  const { representation } = shape;
  switch (representation.form) {
    case 'json':
      return jsonList(resource, page.entries, { ...names, metadata });
    case 'protobuf':
      return protobufList(resource, page.entries, metadata);
    case 'yaml': {
      const list = { ...names, metadata, items: page.entries.map((entry) => resource.view(entry)) };
      return whole(encodeAs('yaml', list));
    }
    case 'table':
      return whole(encodeAs(representation.encoding, tableOf(resource, page.entries, metadata, shape)));
    case 'partial': {
      if (!representation.list) {
        throw notAcceptable(
          `you requested PartialObjectMetadata, but the requested object is a list (${kind.kind}List)`,
        );
      }
      const { version } = representation;
      const items = page.entries.map((entry) =>
        partialOf(resource.view(entry), version, kind.fieldAnnotations),
      );
      const list = {
        kind: 'PartialObjectMetadataList',
        apiVersion: `meta.k8s.io/${version}`,
        metadata,
        items,
      };
      return whole(encodeAs(representation.encoding, list));
    }
  }
}

/** A body in one piece. */
export function whole({ type, body }: { type: string; body: Buffer }): Body {
  return type === JSON_TYPE
    ? { type, chunks: [body, LINE_END], length: body.length + LINE_END.length }
    : { type, chunks: [body], length: body.length };
}

const COMMA = Buffer.from(',');
const LIST_END = Buffer.from(']}\n');

/** A list made of the prepared bytes of its items. */
function jsonList(resource: StoredResource, entries: readonly Entry[], head: object): Body {
  const open = Buffer.from(`${JSON.stringify(head).slice(0, -1)},"items":[`);
  const pieces = resource.kind.convert
    ? entries.map((entry) => jsonOf(resource, entry))
    : entries.map((entry) => entry.bytes);
  let length = open.length + LIST_END.length + Math.max(0, pieces.length - 1);
  for (const piece of pieces) length += piece.length;
  return { type: JSON_TYPE, chunks: gathered(commaSeparated(open, pieces)), length };
}

/** A list message has its metadata as field 1 and each item as a field 2: heads and prepared messages in turn. */
function protobufList(resource: StoredResource, entries: readonly Entry[], metadata: object): Body {
  const { kind } = resource;
  const apiVersion = apiVersionOf(kind);
  const listMeta = encodeMessage('v1', 'ListMeta', metadata) ?? Buffer.alloc(0);
  const pieces = [fieldHead(1, listMeta.length), listMeta];
  for (const entry of entries) {
    const message = messageOf(resource, entry);
    pieces.push(fieldHead(2, message.length), message);
  }
  let size = 0;
  for (const piece of pieces) size += piece.length;
  const open = envelopeHead(apiVersion, `${kind.kind}List`, size);
  return {
    type: PROTOBUF_TYPE,
    chunks: gathered([open, ...pieces, ENVELOPE_TAIL]),
    length: open.length + size + ENVELOPE_TAIL.length,
  };
}

/** Small pieces as blocks of a size that is worth a write. */
function* gathered(pieces: readonly Buffer[]): Generator<Buffer> {
  let block: Buffer[] = [];
  let size = 0;
  for (const piece of pieces) {
    block.push(piece);
    size += piece.length;
    if (size < BLOCK) continue;
    yield Buffer.concat(block);
    block = [];
    size = 0;
  }
  if (block.length > 0) yield Buffer.concat(block);
}

function commaSeparated(open: Buffer, pieces: readonly Buffer[]): Buffer[] {
  const all: Buffer[] = [open];
  for (const [i, piece] of pieces.entries()) {
    if (i > 0) all.push(COMMA);
    all.push(piece);
  }
  all.push(LIST_END);
  return all;
}
