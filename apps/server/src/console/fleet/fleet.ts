import {
  type FleetChange,
  type FleetKey,
  type FleetObject,
  fleetKey,
} from '@wheelhouse/shared/console/protocol';

/**
 * Everything that the console shows, as of `seq`, and the order in which it changed.
 *
 * Each put or drop that makes a difference takes the next sequence number. Of the past only the keys are kept:
 * whoever is behind gets the present state of every object that changed since, each once. So a message never
 * grows with the number of changes to one object, and a bounded ring is enough.
 */
export class Fleet {
  readonly #objects = new Map<FleetKey, FleetObject>();
  /** Key of change number `seq` stands at `seq % ring.length`. */
  readonly #ring: FleetKey[];
  #seq = 0;
  #revision = 0;

  constructor(
    readonly epoch: string,
    private readonly ringSize = 50_000,
  ) {
    this.#ring = new Array<FleetKey>(ringSize);
  }

  get seq(): number {
    return this.#seq;
  }

  /** The highest resource version seen, also of changes that the console does not show. */
  get revision(): number {
    return this.#revision;
  }

  get size(): number {
    return this.#objects.size;
  }

  get(key: FleetKey): FleetObject | undefined {
    return this.#objects.get(key);
  }

  /** The objects as they are now, in no particular order. They are never changed in place. */
  objects(): FleetObject[] {
    return [...this.#objects.values()];
  }

  sawRevision(resourceVersion: string): void {
    const revision = Number(resourceVersion);
    if (revision > this.#revision) this.#revision = revision;
  }

  /** Returns whether this made a difference. */
  put(object: FleetObject): boolean {
    const key = fleetKey(object);
    const known = this.#objects.get(key);
    // Projections are built with their fields in a fixed order, so equal text means equal content.
    if (known && JSON.stringify(known) === JSON.stringify(object)) return false;
    this.#objects.set(key, object);
    this.#note(key);
    return true;
  }

  drop(key: FleetKey): boolean {
    if (!this.#objects.delete(key)) return false;
    this.#note(key);
    return true;
  }

  /** Whether {@link changesSince} can answer for this place. */
  remembers(seq: number): boolean {
    return Number.isInteger(seq) && seq >= 0 && seq <= this.#seq && this.#seq - seq <= this.ringSize;
  }

  /** What differs between then and now, each object once. Undefined when the ring no longer reaches back so far. */
  changesSince(seq: number): FleetChange[] | undefined {
    if (!this.remembers(seq)) return undefined;
    // Deleting before adding moves a key to the end: the order is that of each object's last change.
    const keys = new Set<FleetKey>();
    for (let at = seq + 1; at <= this.#seq; at += 1) {
      const key = this.#ring[at % this.ringSize];
      if (key === undefined) continue;
      keys.delete(key);
      keys.add(key);
    }
    return Array.from(keys, (key) => {
      const object = this.#objects.get(key);
      return object ? { put: object } : { drop: key };
    });
  }

  #note(key: FleetKey): void {
    this.#seq += 1;
    this.#ring[this.#seq % this.ringSize] = key;
  }
}
