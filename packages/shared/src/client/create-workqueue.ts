import { type Clock, systemClock } from '../clock';
import type { ObjectKey } from '../meta/object';
import type { WorkQueue } from './workqueue';

export interface WorkQueueOptions {
  readonly clock?: Clock;
  /** Delay after the first failure of a key; doubles with each further one. Default 5 ms. */
  readonly baseDelayMs?: number;
  /** Upper bound of the delay. Default 60 s. */
  readonly maxDelayMs?: number;
}

/** See {@link WorkQueue} for what it promises. */
export function createWorkQueue(options: WorkQueueOptions = {}): WorkQueue {
  return new DedupingQueue(
    options.clock ?? systemClock,
    options.baseDelayMs ?? 5,
    options.maxDelayMs ?? 60_000,
  );
}

class DedupingQueue implements WorkQueue {
  /** Keys ready to be handed out, oldest first. Every one is in `#dirty`, none in `#processing`, none twice. */
  #ready: ObjectKey[] = [];
  /** Index of the oldest key in `#ready`: taking is O(1), the taken front is cut off now and then. */
  #head = 0;
  /** Keys that must be processed (again). A key that is here but not in `#ready` is in `#processing`. */
  readonly #dirty = new Set<ObjectKey>();
  /** Keys that a worker holds: between `get` and `done`. */
  readonly #processing = new Set<ObjectKey>();
  /** Pending delayed adds: one timer a key, the earliest. `at` is in monotonic milliseconds. */
  readonly #delayed = new Map<ObjectKey, { at: number; cancel: () => void }>();
  /** Failures since the last `forget`. */
  readonly #failures = new Map<ObjectKey, number>();
  /** Workers that wait for a key. Not empty only while `#ready` is. */
  #waiters: ((key: ObjectKey | undefined) => void)[] = [];
  /** Once true, no key enters any more. */
  #closed = false;

  constructor(
    private readonly clock: Clock,
    private readonly baseDelayMs: number,
    private readonly maxDelayMs: number,
  ) {}

  get length(): number {
    return this.#ready.length - this.#head;
  }

  add(key: ObjectKey): void {
    if (this.#closed || this.#dirty.has(key)) return;
    this.#dirty.add(key);
    if (!this.#processing.has(key)) this.#offer(key);
  }

  addAfter(key: ObjectKey, ms: number): void {
    if (this.#closed) return;
    if (!(ms > 0)) {
      this.add(key);
      return;
    }
    const at = this.clock.monotonic() + ms;
    const pending = this.#delayed.get(key);
    if (pending) {
      if (pending.at <= at) return;
      pending.cancel();
    }
    const cancel = this.clock.after(ms, () => {
      this.#delayed.delete(key);
      this.add(key);
    });
    this.#delayed.set(key, { at, cancel });
  }

  addRateLimited(key: ObjectKey): void {
    const failures = this.#failures.get(key) ?? 0;
    this.#failures.set(key, failures + 1);
    this.addAfter(key, Math.min(this.baseDelayMs * 2 ** failures, this.maxDelayMs));
  }

  forget(key: ObjectKey): void {
    this.#failures.delete(key);
  }

  get(): Promise<ObjectKey | undefined> {
    const key = this.#ready[this.#head];
    if (key !== undefined) {
      this.#head += 1;
      if (this.#head > 1024 && this.#head * 2 > this.#ready.length) {
        this.#ready = this.#ready.slice(this.#head);
        this.#head = 0;
      }
      this.#hold(key);
      return Promise.resolve(key);
    }
    if (this.#closed) return Promise.resolve(undefined);
    return new Promise((resolve) => this.#waiters.push(resolve));
  }

  done(key: ObjectKey): void {
    this.#processing.delete(key);
    if (this.#dirty.has(key)) this.#offer(key);
  }

  shutDown(): void {
    this.#closed = true;
    for (const { cancel } of this.#delayed.values()) cancel();
    this.#delayed.clear();
    for (const waiter of this.#waiters.splice(0)) waiter(undefined);
  }

  #offer(key: ObjectKey): void {
    const waiter = this.#waiters.shift();
    if (!waiter) {
      this.#ready.push(key);
      return;
    }
    this.#hold(key);
    waiter(key);
  }

  #hold(key: ObjectKey): void {
    this.#dirty.delete(key);
    this.#processing.add(key);
  }
}
