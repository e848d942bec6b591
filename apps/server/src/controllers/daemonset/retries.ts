import type { Clock } from '@wheelhouse/shared/clock';

const FIRST_MS = 1_000;
const MOST_MS = 15 * 60_000;

interface Retry {
  readonly at: number;
  readonly delayMs: number;
}

/**
 * When failed pods may be replaced. A node may refuse a pod for as long as it is full; without ever longer pauses its
 * agent and the controller would fight for ever. After twice the longest pause without a failure it begins anew.
 */
export class Retries {
  readonly #retries = new Map<string, Retry>();

  constructor(private readonly clock: Clock) {}

  msLeft(key: string): number {
    const retry = this.#retries.get(key);
    return retry ? Math.max(0, retry.at + retry.delayMs - this.clock.monotonic()) : 0;
  }

  /** A failed pod is being replaced now. */
  note(key: string): void {
    const now = this.clock.monotonic();
    for (const [known, { at }] of this.#retries) if (now - at > 2 * MOST_MS) this.#retries.delete(known);
    const before = this.#retries.get(key);
    const delayMs = before ? Math.min(MOST_MS, before.delayMs * 2) : FIRST_MS;
    this.#retries.set(key, { at: now, delayMs });
  }
}
