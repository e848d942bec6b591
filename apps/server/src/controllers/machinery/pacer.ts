import type { WorkQueue } from '@wheelhouse/shared/client/workqueue';
import type { ObjectKey } from '@wheelhouse/shared/meta/object';

export interface PacerOptions {
  /** Delay per member in milliseconds. */
  readonly msPerMember: number;
  readonly maxMs: number;
}

/** Shorter delays are not worth a timer. */
const AT_ONCE_MS = 5;

/**
 * Lets changes gather where one reconcile is expensive. Reconciling something with ten thousand pods looks at all of
 * them, so doing that for each single change would keep a core busy; the more members, the longer a change may wait
 * for others. Small things, which most are, are reconciled at once.
 */
export class Pacer {
  /** Members at the last reconcile. */
  readonly #members = new Map<ObjectKey, number>();

  constructor(
    private readonly queue: WorkQueue,
    private readonly options: PacerOptions,
  ) {}

  /** Tells how many members the key had; 0 forgets it. */
  note(key: ObjectKey, members: number): void {
    if (members === 0) this.#members.delete(key);
    else this.#members.set(key, members);
  }

  add(key: ObjectKey): void {
    const { msPerMember, maxMs } = this.options;
    const delay = Math.min((this.#members.get(key) ?? 0) * msPerMember, maxMs);
    if (delay < AT_ONCE_MS) this.queue.add(key);
    else this.queue.addAfter(key, delay);
  }
}
