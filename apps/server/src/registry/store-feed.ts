import type { Clock } from '@wheelhouse/shared/clock';
import { apiError, serviceUnavailable } from '@wheelhouse/shared/errors';
import { apiVersionOf } from '@wheelhouse/shared/meta/kind';
import type { KubeObject } from '@wheelhouse/shared/meta/object';
import type { Logger } from '../component';
import type { Store, StoredEntry, StoreEvent, StoreWatch } from '../store/store';
import { Entry, EntryCodec, type StoredType } from './entry';
import { ObjectIndex } from './object-index';
import { WatchCache } from './watch-cache';

export const STORE_ROOT = '/registry/';
const PAGE = 2000;
/** How long a read waits for the cache to catch up before it gives up. */
const CATCH_UP_MS = 3000;

/** `/registry/pods/`: where the objects of a stored resource live. */
export function prefixOf(type: Pick<StoredType, 'group' | 'plural' | 'custom'>): string {
  return `${STORE_ROOT}${storageIdOf(type)}/`;
}

/**
 * What tells stored resources apart: the plural, for custom resources `GROUP/PLURAL`. Groups of custom resources hold
 * a dot, which no plural does.
 */
export function storageIdOf(type: Pick<StoredType, 'group' | 'plural' | 'custom'>): string {
  return type.custom ? `${type.group}/${type.plural}` : type.plural;
}

/** The storage id in a key of the store. */
function storageIdIn(key: string): string {
  const slash = key.indexOf('/', STORE_ROOT.length);
  const first = key.slice(STORE_ROOT.length, slash);
  return first.includes('.') ? key.slice(STORE_ROOT.length, key.indexOf('/', slash + 1)) : first;
}

/** A revision that has not come to pass; clients know it by the cause. */
export function tooLarge(revision: number, current: number) {
  return apiError('Timeout', `Timeout: Too large resource version: ${revision}, current: ${current}`, {
    causes: [{ reason: 'ResourceVersionTooLarge', message: 'Too large resource version' }],
    retryAfterSeconds: 1,
  });
}

interface Waiter {
  readonly revision: number;
  readonly resolve: () => void;
}

/** An own write whose event has not come back yet, so that it need not be parsed a second time. */
interface OwnWrite {
  readonly value: Uint8Array;
  readonly object: KubeObject;
  entry: Entry | undefined;
}

/**
 * Keeps the watch caches of all resources current with one store watch, and knows how current they are.
 * `revision` is the newest revision up to which every cache is complete.
 */
export class StoreFeed {
  revision = 0;
  readonly #caches = new Map<string, WatchCache>();
  /** Caches that are being loaded, with the events that have come meanwhile. */
  readonly #joinings = new Map<WatchCache, StoreEvent[]>();
  #loads = 0;
  readonly #own = new Map<string, OwnWrite>();
  readonly #waiters = new Set<Waiter>();
  #watch: StoreWatch | undefined;
  #joining: Promise<void> | undefined;
  #running: Promise<void> | undefined;
  #closed = false;
  #loaded = false;

  constructor(
    private readonly options: {
      readonly store: Store;
      readonly types: readonly StoredType[];
      readonly clock: Clock;
      readonly log: Logger;
      readonly ringCapacity: number;
    },
  ) {
    for (const type of options.types) {
      this.#caches.set(storageIdOf(type), new WatchCache(new EntryCodec(type), options.ringCapacity, 0));
    }
  }

  /** Loads everything; resolves when the caches can be read. */
  async start(): Promise<void> {
    await this.#load();
  }

  get ready(): boolean {
    return this.#loaded && !this.#closed;
  }

  stop(): void {
    this.#closed = true;
    this.#watch?.close();
  }

  cache(storageId: string): WatchCache {
    const cache = this.#caches.get(storageId);
    if (!cache) throw new Error(`no stored resource ${storageId}`);
    return cache;
  }

  find(storageId: string): WatchCache | undefined {
    return this.#caches.get(storageId);
  }

  /**
   * Begins to keep the objects of another type; resolves when its cache can be read. It takes the place of one for
   * the same objects, whose watchers are ended.
   */
  async add(type: StoredType): Promise<void> {
    const cache = new WatchCache(new EntryCodec(type), this.options.ringCapacity, 0);
    const events: StoreEvent[] = [];
    this.#joinings.set(cache, events);
    try {
      for (;;) {
        const round = this.#loads;
        events.length = 0;
        const start = this.revision;
        const index = await this.#read(cache, start);
        // Everything was loaded anew meanwhile, so events may be missing.
        if (round !== this.#loads) continue;
        cache.reset(index, start);
        break;
      }
    } finally {
      this.#joinings.delete(cache);
    }
    for (const event of events) this.#apply(cache, event);
    this.drop(type);
    this.#caches.set(storageIdOf(type), cache);
  }

  /** Stops keeping the objects of a type; its watchers are ended with 410. */
  drop(type: StoredType): void {
    const cache = this.#caches.get(storageIdOf(type));
    this.#caches.delete(storageIdOf(type));
    cache?.reset(new ObjectIndex(), this.revision);
  }

  caches(): Iterable<WatchCache> {
    return this.#caches.values();
  }

  /**
   * Resolves when the caches hold every write that was acknowledged, by any server, before the call. Calls made at
   * the same time share one question to the store.
   */
  fresh(): Promise<void> {
    if (this.#joining) return this.#joining;
    const before = this.#running;
    const round = this.#round(before);
    this.#joining = round;
    this.#running = round;
    // Callers of `fresh` see the failure; this keeps a round that nobody waits for any more from being unhandled.
    round.catch(() => undefined);
    return round;
  }

  async #round(before: Promise<void> | undefined): Promise<void> {
    await before?.catch(() => undefined);
    // From here on the question is on its way: later callers need another one.
    this.#joining = undefined;
    let current: number;
    try {
      current = await this.options.store.currentRevision();
    } catch (error) {
      throw serviceUnavailable(error instanceof Error ? error.message : 'the store cannot be reached');
    }
    if (current > this.revision) await this.reached(current);
  }

  /** Resolves once the caches are complete up to `revision`; throws Timeout after `ms`. */
  reached(revision: number, ms = CATCH_UP_MS): Promise<void> {
    if (this.revision >= revision) return Promise.resolve();
    return new Promise((resolve, reject) => {
      const cancel = this.options.clock.after(ms, () => {
        this.#waiters.delete(waiter);
        reject(tooLarge(revision, this.revision));
      });
      const waiter: Waiter = {
        revision,
        resolve: () => {
          cancel();
          resolve();
        },
      };
      this.#waiters.add(waiter);
      this.#watch?.requestProgress();
    });
  }

  /** Announces a write, so that its event finds the object ready made. */
  announce(key: string, value: Uint8Array, object: KubeObject): void {
    this.#own.set(key, { value, object, entry: undefined });
  }

  /** The announced write failed. */
  retract(key: string, value: Uint8Array): void {
    if (this.#own.get(key)?.value === value) this.#own.delete(key);
  }

  /** The entry of an acknowledged write: the one in the cache if its event was faster, else the one that will be. */
  acknowledge(
    cache: WatchCache,
    key: string,
    value: Uint8Array,
    revision: number,
    object: KubeObject,
  ): Entry {
    const cached = cache.index.get(key);
    if (cached?.revision === revision) return cached;
    const entry = cache.codec.written(key, value, revision, object);
    const own = this.#own.get(key);
    if (own?.value === value) {
      if (this.revision >= revision) this.#own.delete(key);
      else own.entry = entry;
    }
    return entry;
  }

  async #load(): Promise<void> {
    const { store } = this.options;
    const start = await store.currentRevision();
    this.#loads++;
    for (const cache of this.#caches.values()) cache.reset(await this.#read(cache, start), start);
    this.revision = start;
    this.#loaded = true;
    if (this.#closed) return;
    this.#watch = store.watch(
      { prefix: STORE_ROOT, after: start },
      {
        onEvents: (events) => this.#onEvents(events),
        onProgress: (revision) => this.#advance(revision),
        onError: (error) => this.#onError(error),
      },
    );
    this.#advance(start);
  }

  /** Everything that a cache is to hold, as it was at `revision`. */
  async #read(cache: WatchCache, revision: number): Promise<ObjectIndex> {
    const index = new ObjectIndex();
    const prefix = prefixOf(cache.codec.type);
    let after: string | undefined;
    for (;;) {
      const page = await this.options.store.range({
        prefix,
        limit: PAGE,
        revision,
        ...(after === undefined ? {} : { after }),
      });
      for (const stored of page.entries) {
        const entry = this.#entryOf(cache, stored);
        if (entry) index.set(entry);
      }
      after = page.entries.at(-1)?.key;
      if (!page.more || after === undefined) return index;
    }
  }

  /** The watch has ended for good, e.g. its revision was compacted away while the store was out of reach. */
  #onError(error: Error): void {
    if (this.#closed) return;
    this.options.log.warn({ err: error }, 'the store watch ended; loading everything again');
    this.#watch?.close();
    this.#watch = undefined;
    this.#own.clear();
    const retry = () => {
      if (this.#closed) return;
      this.#load().catch((failure: unknown) => {
        this.options.log.error({ err: failure }, 'loading from the store failed; trying again');
        this.options.clock.after(1000, retry);
      });
    };
    retry();
  }

  #onEvents(events: readonly StoreEvent[]): void {
    const touched = new Set<WatchCache>();
    for (const event of events) {
      const key = event.type === 'put' ? event.entry.key : event.key;
      const id = storageIdIn(key);
      for (const [joining, waiting] of this.#joinings) {
        if (storageIdOf(joining.codec.type) === id) waiting.push(event);
      }
      const cache = this.#caches.get(id);
      if (!cache) continue;
      this.#apply(cache, event);
      touched.add(cache);
    }
    const last = events.at(-1);
    if (last) this.#advance(last.revision);
    for (const cache of touched) cache.wake();
  }

  #apply(cache: WatchCache, event: StoreEvent): void {
    if (event.type === 'delete') {
      cache.apply(event.key, undefined, event.revision);
      return;
    }
    const entry = this.#entryOf(cache, event.entry);
    if (entry) cache.apply(event.entry.key, entry, event.revision);
  }

  #advance(revision: number): void {
    if (revision > this.revision) this.revision = revision;
    for (const waiter of this.#waiters) {
      if (waiter.revision > this.revision) continue;
      this.#waiters.delete(waiter);
      waiter.resolve();
    }
  }

  #entryOf(cache: WatchCache, stored: StoredEntry): Entry | undefined {
    const { key, value, modRevision } = stored;
    const own = this.#own.get(key);
    if (own) {
      if (own.entry?.revision === modRevision) {
        this.#own.delete(key);
        return own.entry;
      }
      if (own.value === value || Buffer.compare(own.value, value) === 0) {
        this.#own.delete(key);
        return cache.codec.written(key, value, modRevision, own.object);
      }
    }
    return this.decode(cache, stored);
  }

  /** The entry of stored bytes; undefined, with a log line, when they are not an object of the resource. */
  decode(cache: WatchCache, stored: StoredEntry): Entry | undefined {
    const { key, value, modRevision } = stored;
    const rest = key.slice(prefixOf(cache.codec.type).length);
    const slash = rest.indexOf('/');
    const namespace = slash < 0 ? undefined : rest.slice(0, slash);
    const name = slash < 0 ? rest : rest.slice(slash + 1);
    let bytes = value;
    let writtenAs: string | undefined;
    if (!cache.codec.recognises(value)) {
      try {
        const object = JSON.parse(Buffer.from(value).toString('utf8'));
        bytes = cache.codec.encode(object);
        if (object.apiVersion !== apiVersionOf(cache.codec.type)) writtenAs = object.apiVersion;
      } catch (error) {
        this.options.log.error(
          { err: error, key },
          'the store holds a value that is not an object; left out',
        );
        return undefined;
      }
    }
    const spliced = cache.codec.splice(bytes, modRevision);
    return new Entry(key, namespace, name, modRevision, spliced, undefined, writtenAs);
  }
}
