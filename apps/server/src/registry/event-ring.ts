import type { Entry } from './entry';

/** One change as the watch cache keeps it. */
export interface CacheEvent {
  readonly revision: number;
  /** What stands there since; undefined for a deletion. */
  readonly current: Entry | undefined;
  /** What stood there before; undefined for a creation. */
  readonly previous: Entry | undefined;
}

/**
 * The last `capacity` events of one resource, numbered by a sequence that only grows. Watchers hold sequence numbers,
 * not events: one that is slower than the ring turns finds its number gone.
 */
export class EventRing {
  readonly #slots: (CacheEvent | undefined)[] = [];
  /** Sequence number of the next event. */
  head = 0;
  /** Revision of the newest event that has been dropped, or at which the ring began: nothing before it is known. */
  #floor: number;

  constructor(
    readonly capacity: number,
    startRevision: number,
  ) {
    this.#floor = startRevision;
  }

  /** Sequence number of the oldest event that is still here. */
  get tail(): number {
    return Math.max(0, this.head - this.capacity);
  }

  /** Watches may start from this revision or a later one. */
  get floor(): number {
    return this.#floor;
  }

  push(event: CacheEvent): void {
    const slot = this.head % this.capacity;
    const dropped = this.#slots[slot];
    if (dropped) this.#floor = dropped.revision;
    this.#slots[slot] = event;
    this.head++;
  }

  /** Undefined when the number has fallen off, or is not there yet. */
  at(sequence: number): CacheEvent | undefined {
    return sequence < this.tail || sequence >= this.head ? undefined : this.#slots[sequence % this.capacity];
  }

  /** Sequence number of the first event after `revision`; undefined when that reaches back beyond the floor. */
  after(revision: number): number | undefined {
    if (revision < this.#floor) return undefined;
    let low = this.tail;
    let high = this.head;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const event = this.at(middle);
      if (event && event.revision <= revision) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
