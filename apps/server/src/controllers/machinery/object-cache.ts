import type { Informer } from '@wheelhouse/shared/client/informer';
import type { Clock } from '@wheelhouse/shared/clock';
import { type KubeObject, keyOf, type ObjectKey, type Stored } from '@wheelhouse/shared/meta/object';

/** A write of which the informer has not heard yet. */
interface OwnWrite<T extends KubeObject> {
  readonly uid: string;
  /** What the write left behind; undefined: it is gone. */
  readonly object: Stored<T> | undefined;
  /** Highest revision known of the object. An informer that is not past it cannot know better. */
  readonly revision: number;
  /** Monotonic milliseconds after which it is no longer believed. */
  readonly until: number;
}

/** Long enough for any lag that passes by itself; short enough that a restored older store is followed soon. */
const BELIEVED_MS = 60_000;

/**
 * An informer's copy with this process's own writes on top, so that a controller sees what it has just created or
 * deleted even while the watch lags behind. This replaces the counting of expected creations and deletions: nothing
 * is created twice, and no reconcile has to wait for the cache.
 */
export class ObjectCache<T extends KubeObject> {
  /** Only writes newer than the informer's copy; pruned when read. */
  readonly #own = new Map<ObjectKey, OwnWrite<T>>();

  constructor(
    private readonly informer: Informer<T>,
    private readonly indexes: Readonly<Record<string, (object: Stored<T>) => string[]>>,
    private readonly clock: Clock,
  ) {}

  get(key: ObjectKey): Stored<T> | undefined {
    const cached = this.informer.get(key);
    const own = this.#own.get(key);
    if (!own) return cached;
    if (this.#outdated(own, cached)) {
      this.#own.delete(key);
      return cached;
    }
    return own.object;
  }

  list(): Stored<T>[] {
    return this.#overlay(this.informer.list(), () => true);
  }

  byIndex(name: string, value: string): Stored<T>[] {
    const cached = this.informer.byIndex(name, value);
    if (this.#own.size === 0) return cached;
    return this.#overlay(cached, (object) => this.indexes[name]?.(object).includes(value) ?? false);
  }

  /** Called with the answer of every create, update and patch. */
  wrote(object: Stored<T>): void {
    this.#remember(keyOf(object), object.metadata.uid, object, Number(object.metadata.resourceVersion));
  }

  /** Called after every delete; `left` is the object that the server answered with, if it did. */
  deleted(key: ObjectKey, left: Stored<T> | undefined): void {
    if (left && isTerminating(left)) {
      this.wrote(left);
      return;
    }
    const known = left ?? this.get(key);
    if (known) this.#remember(key, known.metadata.uid, undefined, Number(known.metadata.resourceVersion));
  }

  #remember(key: ObjectKey, uid: string, object: Stored<T> | undefined, revision: number): void {
    this.#own.set(key, { uid, object, revision, until: this.clock.monotonic() + BELIEVED_MS });
  }

  #overlay(cached: Stored<T>[], matches: (object: Stored<T>) => boolean): Stored<T>[] {
    if (this.#own.size === 0) return cached;
    const result: Stored<T>[] = [];
    const seen = new Set<ObjectKey>();
    for (const object of cached) {
      const key = keyOf(object);
      seen.add(key);
      const current = this.#own.has(key) ? this.get(key) : object;
      if (current && (current === object || matches(current))) result.push(current);
    }
    for (const key of [...this.#own.keys()]) {
      if (seen.has(key)) continue;
      const object = this.get(key);
      // What get() returns from the informer was in `cached` if it matched.
      if (object && this.#own.has(key) && matches(object)) result.push(object);
    }
    return result;
  }

  #outdated(own: OwnWrite<T>, cached: Stored<T> | undefined): boolean {
    if (this.clock.monotonic() > own.until) return true;
    if (Number(this.informer.revision ?? 0) < own.revision) return false;
    // A deletion need not have told its revision: the informer may be past the last known one and still before it.
    const stillThere =
      cached?.metadata.uid === own.uid && Number(cached.metadata.resourceVersion) <= own.revision;
    return own.object !== undefined || !stillThere;
  }
}

/** Deletion has begun, but finalizers or a grace period keep the object for now. */
function isTerminating({ metadata }: Stored<KubeObject>): boolean {
  if (!metadata.deletionTimestamp) return false;
  return (metadata.finalizers?.length ?? 0) > 0 || (metadata.deletionGracePeriodSeconds ?? 0) > 0;
}
