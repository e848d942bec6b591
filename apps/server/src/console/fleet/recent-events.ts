import {
  type FleetEvent,
  type FleetKey,
  type FleetObject,
  fleetKey,
} from '@wheelhouse/shared/console/protocol';
import type { Fleet } from './fleet';

/** Lets only the latest events into the fleet: a browser needs no more, and a busy cluster has tens of thousands. */
export class RecentEvents {
  readonly #last = new Map<FleetKey, string>();

  constructor(
    private readonly fleet: Fleet,
    private readonly limit = 600,
  ) {}

  put(object: FleetObject): boolean {
    if (object.resource !== 'events') return false;
    const key = fleetKey(object);
    if (!this.#last.has(key) && this.#last.size >= this.limit && !this.#makeRoom(object)) return false;
    this.#last.set(key, object.last);
    return this.fleet.put(object);
  }

  drop(key: FleetKey): boolean {
    this.#last.delete(key);
    return this.fleet.drop(key);
  }

  /** Drops the oldest, unless the new one is older still. */
  #makeRoom(candidate: FleetEvent): boolean {
    let oldestKey: FleetKey | undefined;
    let oldest = candidate.last;
    for (const [key, last] of this.#last) {
      if (last >= oldest) continue;
      oldest = last;
      oldestKey = key;
    }
    if (oldestKey === undefined) return false;
    this.drop(oldestKey);
    return true;
  }
}
