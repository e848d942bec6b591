import { apiVersionOf, type CustomKind, type ResourceType } from '@wheelhouse/shared/meta/kind';
import type { KubeObject, Stored } from '@wheelhouse/shared/meta/object';
import { deepFreeze } from './json';

/**
 * One revision of one object, encoded once. The store keeps JSON without `resourceVersion`, since the revision is
 * known only after the write. All stored bytes of a kind begin alike, up to and including the brace of `metadata`:
 *
 *   {"kind":"Pod","apiVersion":"v1","metadata":{  <slot>  "name":"web-1", …
 *
 * so the revision is spliced in at a fixed offset, and every get, list and watch answer is made of those bytes.
 */
export class Entry {
  #object: Stored<KubeObject> | undefined;

  constructor(
    /** Store key. */
    readonly key: string,
    /** Undefined for cluster-scoped objects. */
    readonly namespace: string | undefined,
    readonly name: string,
    readonly revision: number,
    /** The object as JSON with its resourceVersion. Shared: never written to. */
    readonly bytes: Buffer,
    object?: Stored<KubeObject>,
    /** The apiVersion under which it was stored, where that is not the one in `bytes`. */
    readonly writtenAs?: string,
  ) {
    this.#object = object;
  }

  /** The object, if it has been parsed already. */
  get parsed(): Stored<KubeObject> | undefined {
    return this.#object;
  }

  /** Parsed on first use, deeply frozen, shared by all readers; under the version that it was stored as. */
  get object(): Stored<KubeObject> {
    if (!this.#object) {
      // The store holds only what `EntryCodec.encode` wrote, so the shape is known.
      const parsed = JSON.parse(this.bytes.toString('utf8')) as Stored<KubeObject>;
      const { writtenAs } = this;
      this.#object = deepFreeze(writtenAs === undefined ? parsed : { ...parsed, apiVersion: writtenAs });
    }
    return this.#object;
  }
}

/** The type in which objects are stored. */
export interface StoredType extends ResourceType {
  readonly custom?: CustomKind | undefined;
}

/** Turns objects of one stored kind into bytes and back. */
export class EntryCodec {
  /** Everything in front of the slot. */
  readonly head: string;
  readonly #headBytes: Buffer;

  constructor(readonly type: StoredType) {
    this.head = `{"kind":${JSON.stringify(type.kind)},"apiVersion":${JSON.stringify(apiVersionOf(type))},"metadata":{`;
    this.#headBytes = Buffer.from(this.head);
  }

  /** The bytes to store. Metadata must hold at least a name, and no resourceVersion. */
  encode(object: KubeObject): Buffer {
    const { kind: _kind, apiVersion: _apiVersion, metadata, ...rest } = object;
    const { resourceVersion: _revision, selfLink: _link, ...meta } = metadata ?? {};
    const ordered = { kind: this.type.kind, apiVersion: apiVersionOf(this.type), metadata: meta, ...rest };
    return Buffer.from(JSON.stringify(ordered));
  }

  /** Stored bytes with the revision in its slot; without one for 0, which is what was never stored. */
  splice(value: Uint8Array, revision: number): Buffer {
    const slot = revision === 0 ? '' : `"resourceVersion":"${revision}",`;
    const head = this.#headBytes.length;
    const bytes = Buffer.allocUnsafeSlow(value.length + slot.length);
    this.#headBytes.copy(bytes);
    bytes.write(slot, head, 'latin1');
    bytes.set(value.subarray(head), head + slot.length);
    return bytes;
  }

  /** The same content under another revision: what a DELETED event carries. */
  revised(entry: Entry, revision: number): Entry {
    const from = `"resourceVersion":"${entry.revision}",`.length;
    const slot = `"resourceVersion":"${revision}",`;
    const head = this.#headBytes.length;
    const bytes = Buffer.concat([this.#headBytes, Buffer.from(slot), entry.bytes.subarray(head + from)]);
    const object = entry.parsed && {
      ...entry.parsed,
      metadata: { ...entry.parsed.metadata, resourceVersion: String(revision) },
    };
    const { key, namespace, name, writtenAs } = entry;
    return new Entry(key, namespace, name, revision, bytes, object && deepFreeze(object), writtenAs);
  }

  /** True when the bytes begin as this codec would have written them. */
  recognises(value: Uint8Array): boolean {
    const head = this.#headBytes.length;
    return value.length > head && this.#headBytes.compare(value, 0, head) === 0;
  }

  /** The entry of a fresh write: `object` gets the revision and is frozen. */
  written(key: string, value: Uint8Array, revision: number, object: KubeObject): Entry {
    const { resourceVersion: _before, ...rest } = object.metadata ?? {};
    const metadata = revision === 0 ? rest : { ...rest, resourceVersion: String(revision) };
    const stored = { ...object, metadata };
    const { namespace, name } = metadata;
    return new Entry(
      key,
      namespace,
      name ?? '',
      revision,
      this.splice(value, revision),
      // The registry fills kind, apiVersion, name and uid before it encodes.
      deepFreeze(stored) as Stored<KubeObject>,
    );
  }
}
