import type { ObjectKey } from '../meta/object';

/**
 * Keys that wait to be reconciled. A key is in the queue at most once; one that is added while it is being
 * processed is processed again afterwards, never by two workers at a time.
 */
export interface WorkQueue {
  readonly length: number;
  add(key: ObjectKey): void;
  /** Adds after `ms` milliseconds; the earliest of several pending adds wins. */
  addAfter(key: ObjectKey, ms: number): void;
  /** Adds after a delay that doubles with each failure of this key since `forget`. */
  addRateLimited(key: ObjectKey): void;
  forget(key: ObjectKey): void;
  /** The next key, as soon as there is one; undefined once shut down and drained. Call `done` when finished. */
  get(): Promise<ObjectKey | undefined>;
  done(key: ObjectKey): void;
  shutDown(): void;
}
