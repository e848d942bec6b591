import type { FleetEvent } from '@wheelhouse/shared/console/protocol';

export interface Bucket {
  readonly from: number;
  readonly normal: number;
  readonly warnings: number;
}

/** Events counted into equal stretches of time that end `now`; the newest last. Older ones are left out. */
export function wakeBuckets(
  events: readonly FleetEvent[],
  options: { readonly now: number; readonly count: number; readonly stretchMs: number },
): Bucket[] {
  const { now, count, stretchMs } = options;
  // On the clock's grid, so that a bar does not change while time passes.
  const end = (Math.floor(now / stretchMs) + 1) * stretchMs;
  const start = end - count * stretchMs;
  const buckets = Array.from({ length: count }, (_, index) => ({
    from: start + index * stretchMs,
    normal: 0,
    warnings: 0,
  }));
  for (const { last, type } of events) {
    const bucket = buckets[Math.floor((Date.parse(last) - start) / stretchMs)];
    if (!bucket) continue;
    if (type === 'Warning') bucket.warnings += 1;
    else bucket.normal += 1;
  }
  return buckets;
}
