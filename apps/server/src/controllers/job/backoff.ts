/** Failures in a row and when the last was: how long the next pod has to wait. */
export interface BackoffRecord {
  readonly failures: number;
  /** Milliseconds since the epoch. */
  readonly lastFailure: number;
}

export const NO_FAILURES: BackoffRecord = { failures: 0, lastFailure: 0 };

const FIRST_MS = 10_000;
const LONGEST_MS = 10 * 60_000;

/** Takes in pods that have just ended, in the order of their ends: a success makes good all failures before it. */
export function afterEnds(
  record: BackoffRecord,
  ends: readonly { readonly time: number; readonly failed: boolean }[],
): BackoffRecord {
  let { failures, lastFailure } = record;
  for (const { time, failed } of [...ends].sort((a, b) => a.time - b.time)) {
    if (failed) {
      failures++;
      lastFailure = Math.max(lastFailure, time);
    } else {
      failures = 0;
      lastFailure = 0;
    }
  }
  return failures === record.failures && lastFailure === record.lastFailure
    ? record
    : { failures, lastFailure };
}

/** Milliseconds until a pod may be created: 10 s after one failure, doubled with each further one, at most 10 min. */
export function backoffLeft({ failures, lastFailure }: BackoffRecord, now: Date): number {
  if (failures === 0) return 0;
  const wait = Math.min(FIRST_MS * 2 ** Math.min(failures - 1, 30), LONGEST_MS);
  return Math.max(0, lastFailure + wait - now.getTime());
}
