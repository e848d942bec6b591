import type { Clock } from '@wheelhouse/shared/clock';
import type { LeaseId, Store } from '../store/store';

/** Objects that expire by themselves, by plural of the stored resource: seconds they live after their last write. */
const LIFETIMES: Readonly<Record<string, number>> = { events: 3600 };
/** Writes within this time share a lease, so that there are not as many leases as events. */
const SHARE_MS = 60_000;

/** Hands out store leases for the objects that expire. */
export class EventLeases {
  readonly #current = new Map<string, { readonly until: number; readonly lease: Promise<LeaseId> }>();

  constructor(
    private readonly store: Store,
    private readonly clock: Clock,
  ) {}

  leaseFor(plural: string): Promise<LeaseId> | undefined {
    const lifetime = LIFETIMES[plural];
    if (lifetime === undefined) return undefined;
    const now = this.clock.monotonic();
    const current = this.#current.get(plural);
    if (current && now < current.until) return current.lease;
    const lease = this.store.grantLease(lifetime + SHARE_MS / 1000);
    const next = { until: now + SHARE_MS, lease };
    this.#current.set(plural, next);
    lease.catch(() => {
      // The write that waits for it fails with the reason; the next one asks again.
      if (this.#current.get(plural) === next) this.#current.delete(plural);
    });
    return lease;
  }
}
