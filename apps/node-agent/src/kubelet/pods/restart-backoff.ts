/**
 * Delays between restarts of one container (or pulls of one image): none, 10 s, 20 s, 40 s … 5 min; forgotten
 * after it went well for 10 minutes. Pure: times are milliseconds since the epoch.
 */
export interface Backoff {
  readonly delayMs: number;
  readonly updatedAt: number;
}

const INITIAL_MS = 10_000;
const MAX_MS = 300_000;

const isForgotten = (backoff: Backoff, failedAt: number): boolean =>
  failedAt - backoff.updatedAt > 2 * MAX_MS;

/** How long to wait still; 0 means now. */
export function remainingBackoff(backoff: Backoff | undefined, failedAt: number, now: number): number {
  if (!backoff || isForgotten(backoff, failedAt)) return 0;
  return Math.max(0, failedAt + backoff.delayMs - now);
}

/** The delay that holds after the try which begins now, because of the failure at `failedAt`. */
export function nextBackoff(backoff: Backoff | undefined, failedAt: number, now: number): Backoff {
  const delayMs =
    !backoff || isForgotten(backoff, failedAt) ? INITIAL_MS : Math.min(backoff.delayMs * 2, MAX_MS);
  return { delayMs, updatedAt: now };
}

/** `10s`, `1m20s`, `5m0s`: Go's way, which users know from CrashLoopBackOff messages. */
export function formatDelay(ms: number): string {
  const seconds = Math.round(ms / 1000);
  return seconds < 60 ? `${seconds}s` : `${Math.floor(seconds / 60)}m${seconds % 60}s`;
}
