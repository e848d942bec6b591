import { asApiError, notAcceptable } from '@wheelhouse/shared/errors';
import type { KubeObject, Stored } from '@wheelhouse/shared/meta/object';
import type { Entry } from '../registry/entry';
import type { StoredResource } from '../registry/stored-resource';
import type { ChangeType, Renderer } from '../registry/watch-cache';
import { encodeAs, JSON_TYPE, type Named } from './encode-as';
import { BLOCK, encodingOf, jsonOf, protobufOf, type Shape } from './presentation';
import { PROTOBUF_TYPE } from './protobuf/decode';
import { watchFrame } from './protobuf/encode';
import { partialOf, tableOf } from './tables';
import { chunkOf } from './watch-outlet';

/** The media type of a watch stream. Throws NotAcceptable: YAML documents make no stream. */
export function streamType(shape: Shape): string {
  const encoding = encodingOf(shape.representation);
  if (encoding === 'yaml') {
    throw notAcceptable(
      `only the following media types are accepted: application/json;stream=watch, ${PROTOBUF_TYPE};stream=watch`,
    );
  }
  return encoding === 'protobuf' ? `${PROTOBUF_TYPE};stream=watch` : JSON_TYPE;
}

const FRAME_HEADS: Record<ChangeType, Buffer> = {
  ADDED: Buffer.from('{"type":"ADDED","object":'),
  MODIFIED: Buffer.from('{"type":"MODIFIED","object":'),
  DELETED: Buffer.from('{"type":"DELETED","object":'),
};
const FRAME_END = Buffer.from('}\n');
const EMPTY = Buffer.alloc(0);

function pushFrame(pieces: Buffer[], type: ChangeType, object: Buffer, shape: Shape): void {
  if (encodingOf(shape.representation) === 'protobuf') pieces.push(watchFrame(type, object));
  else pieces.push(FRAME_HEADS[type], object, FRAME_END);
}

/** The last event of a stream that failed. */
export function errorFrame(shape: Shape, error: unknown): Buffer {
  return frameOf(shape, 'ERROR', asApiError(error).status);
}

function frameOf(shape: Shape, type: string, object: Named): Buffer {
  const encoding = encodingOf(shape.representation);
  if (encoding === 'protobuf') return watchFrame(type, encodeAs(encoding, object).body);
  return Buffer.from(`${JSON.stringify({ type, object })}\n`);
}

let tableStreams = 0;

export interface StreamForm {
  readonly shape: Shape;
  /** The event that tells a table's columns is still to come. */
  readonly withColumns: boolean;
  /** Blocks are chunks of HTTP/1.1 already (see watch-outlet.ts). */
  readonly chunked: boolean;
}

/**
 * Renders the events of a watch stream as bytes: one JSON text a line, or protobuf with its length before it. Streams of one form share the renderings;
 * tables do not, since the first of each stream tells its columns.
 */
export function streamRenderer(
  resource: StoredResource,
  { shape, withColumns, chunked }: StreamForm,
): Renderer<Buffer> {
  const { form } = shape.representation;
  const version = 'version' in shape.representation ? shape.representation.version : '';
  const own = form === 'table' ? String(++tableStreams) : '';
  let first = withColumns;
  return {
    id: `stream ${resource.kind.group}/${resource.kind.version} ${form} ${encodingOf(shape.representation)} ${version} ${chunked ? 'chunked' : ''} ${own}`,
    render(changes) {
      if (changes.length === 0) return EMPTY;
      const pieces: Buffer[] = [];
      for (const { type, entry } of changes) {
        pushFrame(pieces, type, frameObject(resource, entry, shape, first), shape);
        first = false;
      }
      return chunked ? chunkOf(pieces) : Buffer.concat(pieces);
    },
  };
}

/** The object of a watch event; only the first table of a stream defines its columns. */
function frameObject(resource: StoredResource, entry: Entry, shape: Shape, first: boolean): Buffer {
  const { representation } = shape;
  switch (representation.form) {
    case 'protobuf':
      return protobufOf(resource, entry);
    case 'json':
    case 'yaml':
      return jsonOf(resource, entry);
    case 'table': {
      const metadata = { resourceVersion: String(entry.revision) };
      return Buffer.from(JSON.stringify(tableOf(resource, [entry], metadata, shape, first)));
    }
    case 'partial':
      return encodeAs(
        representation.encoding,
        partialOf(resource.view(entry), representation.version, resource.kind.fieldAnnotations),
      ).body;
  }
}

/** The initial state of a stream as ADDED events, in blocks. */
export function* initialFrames(
  resource: StoredResource,
  entries: readonly Entry[],
  shape: Shape,
): Generator<Buffer> {
  let block: Buffer[] = [];
  let size = 0;
  for (const [i, entry] of entries.entries()) {
    const object = frameObject(resource, entry, shape, i === 0);
    pushFrame(block, 'ADDED', object, shape);
    size += object.length;
    if (size >= BLOCK) {
      yield Buffer.concat(block);
      block = [];
      size = 0;
    }
  }
  if (block.length > 0) yield Buffer.concat(block);
}

/** A bookmark in a stream's form. */
export function bookmarkFrame(shape: Shape, bookmark: Stored<KubeObject>): Buffer {
  const { representation } = shape;
  const { name: _name, uid: _uid, ...metadata } = bookmark.metadata;
  let object: Named & { metadata: object; columnDefinitions?: null; rows?: object[] } = {
    kind: bookmark.kind,
    apiVersion: bookmark.apiVersion,
    metadata: { creationTimestamp: null, ...metadata },
  };
  if (representation.form === 'partial') {
    object = { kind: 'PartialObjectMetadata', apiVersion: `meta.k8s.io/${representation.version}`, metadata };
  } else if (representation.form === 'table') {
    object = {
      kind: 'Table',
      apiVersion: `meta.k8s.io/${representation.version}`,
      metadata: { resourceVersion: metadata.resourceVersion },
      columnDefinitions: null,
      rows: [
        {
          cells: [],
          object: {
            kind: 'PartialObjectMetadata',
            apiVersion: `meta.k8s.io/${representation.version}`,
            metadata,
          },
        },
      ],
    };
  }
  return frameOf(shape, 'BOOKMARK', object);
}
