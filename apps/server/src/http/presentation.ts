import type { Clock } from '@wheelhouse/shared/clock';
import { notAcceptable } from '@wheelhouse/shared/errors';
import { defaultColumns } from '@wheelhouse/shared/kinds/columns';
import { apiVersionOf, type PrintColumn } from '@wheelhouse/shared/meta/kind';
import type { KubeObject, Stored } from '@wheelhouse/shared/meta/object';
import { stringify } from 'yaml';
import type { Entry } from '../registry/entry';
import type { ListPage } from '../registry/list';
import type { StoredResource } from '../registry/stored-resource';
import type { ChangeType, Renderer } from '../registry/watch-cache';
import type { Representation } from './negotiation';

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

const JSON_TYPE = 'application/json';
const YAML_TYPE = 'application/yaml';
/** Small pieces are gathered to blocks of about this size before they are written. */
const BLOCK = 64 * 1024;

/** The JSON of an entry in the form of the resource that was asked for. */
export function jsonOf(resource: StoredResource, entry: Entry): Buffer {
  return resource.kind.convert ? Buffer.from(JSON.stringify(resource.view(entry))) : entry.bytes;
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
    case 'yaml':
      return { type: YAML_TYPE, body: Buffer.from(stringify(resource.view(entry))) };
    case 'table':
      return {
        type: JSON_TYPE,
        body: Buffer.from(
          JSON.stringify(tableOf(resource, [entry], { resourceVersion: String(entry.revision) }, shape)),
        ),
      };
    case 'partial':
      if (representation.list) {
        throw notAcceptable(
          `you requested PartialObjectMetadataList, but the requested object is not a list (${resource.kind.kind})`,
        );
      }
      return {
        type: JSON_TYPE,
        body: Buffer.from(JSON.stringify(partialOf(resource.view(entry), representation.version))),
      };
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
  const names = { kind: `${kind.kind}List`, apiVersion: apiVersionOf(kind) };
  const { representation } = shape;
  switch (representation.form) {
    case 'json':
      return jsonList(resource, page.entries, { ...names, metadata });
    case 'yaml':
      return whole(
        YAML_TYPE,
        stringify({ ...names, metadata, items: page.entries.map((entry) => resource.view(entry)) }),
      );
    case 'table':
      return whole(JSON_TYPE, JSON.stringify(tableOf(resource, page.entries, metadata, shape)));
    case 'partial': {
      if (!representation.list) {
        throw notAcceptable(
          `you requested PartialObjectMetadata, but the requested object is a list (${kind.kind}List)`,
        );
      }
      const { version } = representation;
      const items = page.entries.map((entry) => partialOf(resource.view(entry), version));
      const list = {
        kind: 'PartialObjectMetadataList',
        apiVersion: `meta.k8s.io/${version}`,
        metadata,
        items,
      };
      return whole(JSON_TYPE, JSON.stringify(list));
    }
  }
}

function whole(type: string, text: string): Body {
  const body = Buffer.from(text);
  return { type, chunks: [body], length: body.length };
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
  return { type: JSON_TYPE, chunks: blocks(open, pieces), length };
}

function* blocks(open: Buffer, pieces: readonly Buffer[]): Generator<Buffer> {
  let block: Buffer[] = [open];
  let size = open.length;
  for (const [i, piece] of pieces.entries()) {
    if (i > 0) block.push(COMMA);
    block.push(piece);
    size += piece.length + 1;
    if (size >= BLOCK) {
      yield Buffer.concat(block);
      block = [];
      size = 0;
    }
  }
  block.push(LIST_END);
  yield Buffer.concat(block);
}

/** The metadata alone, as `meta.k8s.io` PartialObjectMetadata. */
function partialOf(object: Stored<KubeObject>, version: string) {
  return { kind: 'PartialObjectMetadata', apiVersion: `meta.k8s.io/${version}`, metadata: object.metadata };
}

function columnsOf(resource: StoredResource): readonly PrintColumn<KubeObject>[] {
  return resource.kind.columns ?? defaultColumns;
}

function tableOf(
  resource: StoredResource,
  entries: readonly Entry[],
  metadata: object,
  shape: Shape,
  withColumns = true,
) {
  const version = shape.representation.form === 'table' ? shape.representation.version : 'v1';
  const columns = columnsOf(resource);
  const now = shape.clock.now();
  return {
    kind: 'Table',
    apiVersion: `meta.k8s.io/${version}`,
    metadata,
    columnDefinitions: withColumns
      ? columns.map(({ name, type, format, description, priority }) => ({
          name,
          type,
          format: format ?? '',
          description: description ?? '',
          priority: priority ?? 0,
        }))
      : null,
    rows: entries.map((entry) => {
      const object = resource.view(entry);
      return {
        cells: columns.map((column) => column.cell(object, now)),
        object:
          shape.includeObject === 'None'
            ? null
            : shape.includeObject === 'Object'
              ? object
              : partialOf(object, version),
      };
    }),
  };
}

const FRAME_HEADS: Record<ChangeType, Buffer> = {
  ADDED: Buffer.from('{"type":"ADDED","object":'),
  MODIFIED: Buffer.from('{"type":"MODIFIED","object":'),
  DELETED: Buffer.from('{"type":"DELETED","object":'),
};
const FRAME_END = Buffer.from('}\n');
const EMPTY = Buffer.alloc(0);

let tableStreams = 0;

/**
 * Renders the events of a watch stream as bytes: one JSON text a line. Streams of one form share the renderings;
 * tables do not, since the first of each stream tells its columns (`withColumns`: it is still to come).
 */
export function streamRenderer(
  resource: StoredResource,
  shape: Shape,
  withColumns: boolean,
): Renderer<Buffer> {
  const { form } = shape.representation;
  const version = 'version' in shape.representation ? shape.representation.version : '';
  const own = form === 'table' ? String(++tableStreams) : '';
  let first = withColumns;
  return {
    id: `stream ${resource.kind.group}/${resource.kind.version} ${form} ${version} ${own}`,
    render(changes) {
      if (changes.length === 0) return EMPTY;
      const pieces: Buffer[] = [];
      for (const { type, entry } of changes) {
        pieces.push(FRAME_HEADS[type], frameObject(resource, entry, shape, first), FRAME_END);
        first = false;
      }
      return Buffer.concat(pieces);
    },
  };
}

/** The object of a watch event; only the first table of a stream defines its columns. */
export function frameObject(resource: StoredResource, entry: Entry, shape: Shape, first: boolean): Buffer {
  const { representation } = shape;
  switch (representation.form) {
    case 'json':
    case 'yaml':
      return jsonOf(resource, entry);
    case 'table': {
      const metadata = { resourceVersion: String(entry.revision) };
      return Buffer.from(JSON.stringify(tableOf(resource, [entry], metadata, shape, first)));
    }
    case 'partial':
      return Buffer.from(JSON.stringify(partialOf(resource.view(entry), representation.version)));
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
    block.push(FRAME_HEADS.ADDED, object, FRAME_END);
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
export function bookmarkFrame(shape: Shape, bookmark: Stored<KubeObject>): string {
  const { representation } = shape;
  const { name: _name, uid: _uid, ...metadata } = bookmark.metadata;
  let object: object = {
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
  return `${JSON.stringify({ type: 'BOOKMARK', object })}\n`;
}
