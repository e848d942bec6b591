import { randomInt } from 'node:crypto';
import type { Client } from '@wheelhouse/shared/client/client';
import type { Clock } from '@wheelhouse/shared/clock';
import { type ErrorSubject, invalid, serviceUnavailable, tooLarge } from '@wheelhouse/shared/errors';
import type { FieldError } from '@wheelhouse/shared/meta/field-error';
import { apiVersionOf, type KindDefinition } from '@wheelhouse/shared/meta/kind';
import type { KubeObject, ObjectMeta, Stored } from '@wheelhouse/shared/meta/object';
import type {
  AdmissionOperation,
  AdmissionPlugin,
  AdmissionReader,
  EquivalentForm,
} from '../admission/admission';
import type { Authorizer } from '../auth/auth';
import type { Logger } from '../component';
import type { LeaseId, Store, Write, WriteResult } from '../store/store';
import type { Entry, EntryCodec } from './entry';
import { deepFreeze } from './json';
import { type AdmissionRequest, RequestAttributes, type Undo } from './request-attributes';
import type { Ref, StorageHook } from './request-context';
import { prefixOf, type StoreFeed, storageIdOf } from './store-feed';
import type { WatchCache } from './watch-cache';

/** What etcd takes as one value by default. */
const LARGEST_VALUE = 1.5 * 1024 * 1024;

/** What the registry of every resource shares. */
export interface RegistryServices {
  readonly store: Store;
  readonly feed: StoreFeed;
  readonly clock: Clock;
  readonly admission: readonly AdmissionPlugin[];
  readonly reader: AdmissionReader;
  /** By plural of the resource. */
  readonly hooks: ReadonlyMap<string, StorageHook>;
  /** The resource that serves the same objects under another group and version. */
  readonly sibling?: (resource: StoredResource, apiVersion: string) => StoredResource | undefined;
  /** For admission: with the server's own rights. */
  readonly system?: () => Client;
  /** For admission: what users may do. */
  readonly authorizer?: Authorizer;
  /** The other forms in which the resource's objects are served. */
  readonly equivalents?: (resource: StoredResource) => readonly EquivalentForm[];
  /** Lease for the next object of a resource whose objects expire. */
  readonly leaseFor: (plural: string) => Promise<LeaseId> | undefined;
  readonly log: Logger;
}

/** One served resource bound to where its objects are kept. */
export class StoredResource {
  readonly prefix: string;
  readonly cache: WatchCache;
  readonly codec: EntryCodec;
  readonly hook: StorageHook | undefined;
  /** Unique over all stored resources; those that are forms of the same objects share it. */
  readonly storageId: string;
  /** By the object as it was stored. */
  readonly #views = new WeakMap<object, Stored<KubeObject>>();

  constructor(
    readonly kind: KindDefinition,
    readonly services: RegistryServices,
  ) {
    const stored = { ...(kind.storedAs ?? kind), custom: kind.custom };
    this.storageId = storageIdOf(stored);
    this.prefix = prefixOf(stored);
    this.cache = services.feed.cache(this.storageId);
    this.codec = this.cache.codec;
    this.hook = services.hooks.get(this.storageId);
  }

  key({ namespace, name }: Ref): string {
    return namespace === undefined ? this.prefix + name : `${this.prefix}${namespace}/${name}`;
  }

  /** For errors about the resource (`pods "web" not found`). */
  subject(name: string): ErrorSubject {
    return { group: this.kind.group, kind: this.kind.plural, name };
  }

  /** Whether a subresource reads and writes the whole object by rules of its own. */
  hasPart(subresource: string): boolean {
    return this.kind.parts !== undefined && Object.hasOwn(this.kind.parts, subresource);
  }

  get generation(): NonNullable<KindDefinition['hasGeneration']> {
    return this.kind.hasGeneration ?? this.kind.status === true;
  }

  /** The object in this resource's form, frozen and shared. It has to be {@link prepared}. */
  view(entry: Entry): Stored<KubeObject> {
    return this.viewOf(entry.object);
  }

  /** The same for the object of an entry. */
  viewOf(object: Stored<KubeObject>): Stored<KubeObject> {
    const { convert } = this.kind;
    if (!convert) return object;
    let view = this.#views.get(object);
    if (!view) {
      if (this.#isForeign(object)) throw new Error(`${object.metadata.name} has not been converted yet`);
      // Conversion keeps name, uid and resourceVersion, which make an object a stored one.
      view = deepFreeze(convert.fromStored(object)) as Stored<KubeObject>;
      this.#views.set(object, view);
    }
    return view;
  }

  /**
   * Has what a program outside must convert converted, all of it by one question, so that it can be viewed.
   * Undefined: there is nothing to wait for. Throws what the conversion does.
   */
  prepared(entries: Iterable<Entry>): Promise<void> | undefined {
    const { convertOutside } = this.kind;
    if (!convertOutside) return undefined;
    const missing = new Set<Stored<KubeObject>>();
    for (const { object } of entries) {
      if (this.#isForeign(object) && !this.#views.has(object)) missing.add(object);
    }
    if (missing.size === 0) return undefined;
    const stored = [...missing];
    return convertOutside.fromStored(stored).then((views) => {
      for (const [i, view] of views.entries()) {
        const object = stored[i];
        if (object) this.#views.set(object, deepFreeze(view) as Stored<KubeObject>);
      }
    });
  }

  /** Only a program outside can bring it into this resource's form. */
  #isForeign({ apiVersion }: KubeObject): boolean {
    return this.kind.convertOutside !== undefined && apiVersion !== apiVersionOf(this.kind);
  }

  /** Without a promise where no program outside is asked. */
  toStored(object: KubeObject): KubeObject | Promise<KubeObject> {
    const { convert, convertOutside } = this.kind;
    if (convertOutside && object.apiVersion !== apiVersionOf(this.codec.type)) {
      return convertOutside.toStored(object);
    }
    return convert ? convert.toStored(object) : object;
  }

  /** An entry's object as it would be stored now; what was stored under another version may have to be converted. */
  restored(entry: Entry): Stored<KubeObject> | Promise<Stored<KubeObject>> {
    const { convertOutside } = this.kind;
    if (!convertOutside || entry.object.apiVersion === apiVersionOf(this.codec.type)) return entry.object;
    // Conversion keeps what makes an object a stored one.
    return convertOutside.toStored(entry.object) as Promise<Stored<KubeObject>>;
  }

  /** The resource that serves the same objects in another version; undefined when there is none. */
  inVersion(apiVersion: string): StoredResource | undefined {
    if (apiVersion === apiVersionOf(this.kind)) return this;
    return this.services.sibling?.(this, apiVersion);
  }

  refuseInvalid(name: string, errors: readonly FieldError[]): void {
    if (errors.length > 0) throw invalid({ group: this.kind.group, kind: this.kind.kind, name }, errors);
  }

  encode(object: KubeObject): Buffer {
    const value = this.codec.encode(object);
    if (value.length > LARGEST_VALUE) {
      throw tooLarge(`the object has ${value.length} bytes; at most ${LARGEST_VALUE} can be stored`);
    }
    return value;
  }

  /**
   * Runs all `admit`s, then (after `between`) all `validate`s. Resolves with what has to run should the write certainly
   * not happen after all. `between` is told whether a program outside has changed the object.
   */
  async admit(
    operation: AdmissionOperation,
    request: AdmissionRequest,
    between?: (changed: boolean) => void,
  ): Promise<Undo | undefined> {
    const { admission } = this.services;
    if (admission.length === 0) {
      between?.(false);
      return undefined;
    }
    const attributes = new RequestAttributes(this, operation, request);
    // Awaiting only what is a promise keeps plugins that decide at once from costing turns.
    for (const plugin of admission) {
      const pending = plugin.admit?.(attributes);
      if (pending) await pending;
    }
    if (attributes.passes.wantsSecond) {
      attributes.passes.isSecond = true;
      for (const plugin of admission) await plugin.admit?.(attributes);
    }
    between?.(attributes.changed);
    attributes.refusalName = attributes.name;
    for (const plugin of admission) {
      const pending = plugin.validate?.(attributes);
      if (pending) await pending;
    }
    return attributes.undo;
  }

  async write(write: Write): Promise<WriteResult> {
    try {
      const result = await this.services.store.write(write);
      if (result.ok) this.cache.ownWrite = Math.max(this.cache.ownWrite, result.revision);
      return result;
    } catch (error) {
      throw serviceUnavailable(error instanceof Error ? error.message : 'the store cannot be reached');
    }
  }

  /** An entry that is answered but was never stored. */
  async unstored(ref: Ref, object: KubeObject, revision: number): Promise<Entry> {
    const stored = await this.toStored(object);
    return this.codec.written(this.key(ref), this.encode(stored), revision, stored);
  }

  now(): Date {
    return this.services.clock.now();
  }
}

/** Metadata of an object that this request is making. */
export type MutableMeta = { -readonly [K in keyof ObjectMeta]: ObjectMeta[K] };

// No vowels and nothing that looks like one: generated names spell no words.
const ALPHABET = 'bcdfghjklmnpqrstvwxz2456789';
const LONGEST_BASE = 58;

export function generateName(base: string): string {
  let name = base.slice(0, LONGEST_BASE);
  for (let i = 0; i < 5; i++) name += ALPHABET[randomInt(ALPHABET.length)];
  return name;
}
