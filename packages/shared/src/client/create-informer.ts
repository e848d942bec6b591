import { type Clock, systemClock } from '../clock';
import { ApiError, isExpired } from '../errors';
import type { ResourceType } from '../meta/kind';
import { type KubeObject, keyOf, type ObjectKey, type Stored } from '../meta/object';
import type { Client, WatchEvent } from './client';
import type { Informer, InformerHandler, InformerOptions } from './informer';
import { ObjectIndex } from './object-index';

export interface CreateInformerOptions<T extends KubeObject> extends InformerOptions<T> {
  /**
   * Told of every failed list or watch (the informer tries again by itself, with back-off) and of whatever a
   * handler or index function throws. Without it such an error is thrown outside any call, so it is never lost.
   */
  readonly onError?: (error: unknown) => void;
  readonly clock?: Clock;
  /** 0 ≤ x < 1; spreads retries of many informers. */
  readonly random?: () => number;
}

const BASE_DELAY_MS = 100;
const MAX_DELAY_MS = 10_000;
/** After so many failed watches in a row the list is read again: the server may be another one than before. */
const WATCH_FAILURES_BEFORE_LIST = 5;
/** A stream that ends sooner, without an event, counts as a failure, so that it is not reopened in a hot loop. */
const SHORT_WATCH_MS = 1_000;

/** See {@link Informer} for what it promises. Nothing is read before `start`. */
export function createInformer<T extends KubeObject>(
  client: Client,
  type: ResourceType<T>,
  options: CreateInformerOptions<T> = {},
): Informer<T> {
  return new ListWatchInformer(client, type, options);
}

class ListWatchInformer<T extends KubeObject> implements Informer<T> {
  readonly #objects: ObjectIndex<T>;
  readonly #handlers = new Set<InformerHandler<T>>();
  readonly #clock: Clock;
  readonly #random: () => number;
  readonly #abort = new AbortController();
  #started = false;
  #synced = false;
  #waiters: { resolve: () => void; reject: (error: Error) => void }[] = [];
  /** Where the next watch begins; undefined means that the next step is a list. */
  #resumeAt: string | undefined;
  /** Everything up to here is in `#objects`. */
  #revision: string | undefined;
  /** Failures in a row; 0 once a list or an event has come through. */
  #failures = 0;
  /** Monotonic time of the last list. */
  #listedAt = Number.NEGATIVE_INFINITY;

  constructor(
    private readonly client: Client,
    readonly type: ResourceType<T>,
    private readonly options: CreateInformerOptions<T>,
  ) {
    this.#objects = new ObjectIndex(options.indexes);
    this.#clock = options.clock ?? systemClock;
    this.#random = options.random ?? Math.random;
  }

  get hasSynced(): boolean {
    return this.#synced;
  }

  get revision(): string | undefined {
    return this.#revision;
  }

  synced(): Promise<void> {
    if (this.#synced) return Promise.resolve();
    if (this.#abort.signal.aborted) return Promise.reject(this.#stopped());
    return new Promise((resolve, reject) => this.#waiters.push({ resolve, reject }));
  }

  get(key: ObjectKey): Stored<T> | undefined {
    return this.#objects.get(key);
  }

  list(): Stored<T>[] {
    return this.#objects.list();
  }

  byIndex(name: string, value: string): Stored<T>[] {
    return this.#objects.byIndex(name, value);
  }

  subscribe(handler: InformerHandler<T>): () => void {
    this.#handlers.add(handler);
    for (const object of this.#objects.list()) this.#guard(() => handler.added?.(object));
    return () => {
      this.#handlers.delete(handler);
    };
  }

  start(): void {
    if (this.#started || this.#abort.signal.aborted) return;
    this.#started = true;
    void this.#run();
  }

  stop(): void {
    this.#abort.abort();
    for (const { reject } of this.#waiters.splice(0)) reject(this.#stopped());
  }

  async #run(): Promise<void> {
    while (!this.#abort.signal.aborted) {
      try {
        if (this.#resumeAt === undefined) await this.#list();
        else await this.#watch(this.#resumeAt);
      } catch (error) {
        if (this.#abort.signal.aborted) return;
        this.#fail(error);
      }
      if (this.#failures > 0) await this.#pause(this.#failures);
    }
  }

  /** Decides where to go on: from the last revision when only the way to the server failed, else with a list. */
  #fail(error: unknown): void {
    this.#failures += 1;
    const lost = error instanceof ApiError && (error.reason === 'ServiceUnavailable' || error.code === 429);
    if (!lost || this.#failures % WATCH_FAILURES_BEFORE_LIST === 0) this.#resumeAt = undefined;
    // An expired revision is part of normal life (a slow reader, a compaction): the list follows at once,
    // unless the last one expired as quickly.
    if (isExpired(error) && this.#clock.monotonic() - this.#listedAt >= SHORT_WATCH_MS) this.#failures = 0;
    else this.#report(error);
  }

  async #list(): Promise<void> {
    const { namespace, labelSelector, fieldSelector } = this.options;
    const answer = await this.client.list(this.type, {
      ...(namespace === undefined ? {} : { namespace }),
      ...(labelSelector === undefined ? {} : { labelSelector }),
      ...(fieldSelector === undefined ? {} : { fieldSelector }),
      signal: this.#abort.signal,
    });
    if (this.#abort.signal.aborted) return;
    const present = new Set(answer.items.map(keyOf));
    for (const key of this.#objects.keys()) if (!present.has(key)) this.#remove(key);
    for (const item of answer.items) this.#put(item);
    this.#revision = answer.metadata.resourceVersion;
    this.#resumeAt = this.#revision;
    this.#failures = 0;
    this.#listedAt = this.#clock.monotonic();
    this.#synced = true;
    for (const { resolve } of this.#waiters.splice(0)) resolve();
  }

  async #watch(from: string): Promise<void> {
    const { namespace, labelSelector, fieldSelector } = this.options;
    const opened = this.#clock.monotonic();
    let events = 0;
    const stream = this.client.watch(this.type, {
      ...(namespace === undefined ? {} : { namespace }),
      ...(labelSelector === undefined ? {} : { labelSelector }),
      ...(fieldSelector === undefined ? {} : { fieldSelector }),
      resourceVersion: from,
      allowWatchBookmarks: true,
      timeoutSeconds: Math.round(300 + 300 * this.#random()),
      signal: this.#abort.signal,
    });
    for await (const event of stream) {
      if (this.#abort.signal.aborted) return;
      events += 1;
      this.#failures = 0;
      this.#apply(event);
    }
    if (events > 0 || this.#clock.monotonic() - opened >= SHORT_WATCH_MS) this.#failures = 0;
    else this.#failures += 1;
  }

  #apply(event: WatchEvent<T>): void {
    if (event.type === 'DELETED') this.#remove(keyOf(event.object), event.object);
    else if (event.type !== 'BOOKMARK') this.#put(event.object);
    this.#revision = event.object.metadata.resourceVersion;
    this.#resumeAt = this.#revision;
  }

  #put(object: Stored<T>): void {
    const previous = this.#objects.get(keyOf(object));
    if (previous && previous.metadata.uid !== object.metadata.uid) this.#remove(keyOf(object));
    else if (previous?.metadata.resourceVersion === object.metadata.resourceVersion) return;
    this.#guard(() => this.#objects.set(object));
    for (const handler of this.#handlers) {
      if (previous && previous.metadata.uid === object.metadata.uid) {
        this.#guard(() => handler.updated?.(object, previous));
      } else this.#guard(() => handler.added?.(object));
    }
  }

  /** `last` is the final state where the watch told it; after a relist it is the last one known. */
  #remove(key: ObjectKey, last?: Stored<T>): void {
    const known = this.#objects.get(key);
    if (!known) return;
    this.#guard(() => this.#objects.delete(key));
    const object = last && last.metadata.uid === known.metadata.uid ? last : known;
    for (const handler of this.#handlers) this.#guard(() => handler.deleted?.(object));
  }

  #guard(call: () => void): void {
    try {
      call();
    } catch (error) {
      this.#report(error);
    }
  }

  #report(error: unknown): void {
    if (this.options.onError) this.options.onError(error);
    else
      queueMicrotask(() => {
        throw error;
      });
  }

  /** Between half and all of the doubled delay, so that many informers do not return in one wave. */
  #pause(failures: number): Promise<void> {
    const ceiling = Math.min(BASE_DELAY_MS * 2 ** (failures - 1), MAX_DELAY_MS);
    const delay = ceiling * (0.5 + this.#random() / 2);
    return new Promise((resolve) => {
      const { signal } = this.#abort;
      const finish = () => {
        cancel();
        signal.removeEventListener('abort', finish);
        resolve();
      };
      const cancel = this.#clock.after(delay, finish);
      signal.addEventListener('abort', finish);
    });
  }

  #stopped(): Error {
    return new Error(`the informer of ${this.type.plural} was stopped before its first list`);
  }
}
