import { randomUUID } from 'node:crypto';
import type { Clock } from '@wheelhouse/shared/clock';
import { type LeaseId, LeaseNotFoundError } from '../store';

interface Lease {
  readonly ttlSeconds: number;
  cancel: () => void;
}

/**
 * Which leases live, and their timers. Renewals are kept in memory only: after a restart every lease gets its full
 * time again, as with etcd after a change of leader.
 */
export class Leases {
  readonly #leases = new Map<LeaseId, Lease>();

  constructor(
    private readonly clock: Clock,
    /** Called once when a lease runs out; the lease is then gone from here. */
    private readonly onExpired: (id: LeaseId) => void,
  ) {}

  has(id: LeaseId): boolean {
    return this.#leases.has(id);
  }

  newId(): LeaseId {
    return randomUUID();
  }

  start(id: LeaseId, ttlSeconds: number): void {
    const cancel = this.clock.after(ttlSeconds * 1000, () => {
      this.#leases.delete(id);
      this.onExpired(id);
    });
    this.#leases.set(id, { ttlSeconds, cancel });
  }

  renew(id: LeaseId): void {
    const lease = this.#leases.get(id);
    if (!lease) throw new LeaseNotFoundError(`lease ${id} does not exist`);
    lease.cancel();
    this.start(id, lease.ttlSeconds);
  }

  end(id: LeaseId): void {
    const lease = this.#leases.get(id);
    if (!lease) throw new LeaseNotFoundError(`lease ${id} does not exist`);
    lease.cancel();
    this.#leases.delete(id);
  }

  close(): void {
    for (const lease of this.#leases.values()) lease.cancel();
    this.#leases.clear();
  }
}
