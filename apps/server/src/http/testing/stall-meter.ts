import { readFileSync } from 'node:fs';

const TICK_MS = 5;

/**
 * How long the event loop of this thread was kept from turning. Time in which the thread wanted to run and others had
 * the processor does not count, so that a busy machine does not look like a slow server (where the system tells it:
 * Linux).
 */
export class StallMeter {
  #timer: NodeJS.Timeout | undefined;
  #last = 0;
  #waited = 0;
  #longest = 0;

  start(): void {
    this.stop();
    this.#longest = 0;
    this.#last = performance.now();
    this.#waited = waitedMs();
    this.#timer = setInterval(() => this.#tick(), TICK_MS);
  }

  /** The longest stall since the start, in milliseconds. */
  stop(): number {
    clearInterval(this.#timer);
    this.#timer = undefined;
    return this.#longest;
  }

  #tick(): void {
    const now = performance.now();
    const waited = waitedMs();
    this.#longest = Math.max(this.#longest, now - this.#last - (waited - this.#waited) - TICK_MS);
    this.#last = now;
    this.#waited = waited;
  }
}

/** How long this thread has waited for a processor in all; 0 where nobody knows. */
function waitedMs(): number {
  try {
    return Number(readFileSync('/proc/thread-self/schedstat', 'latin1').split(' ')[1] ?? 0) / 1e6;
  } catch {
    // Other systems count only what the clock says.
    return 0;
  }
}
