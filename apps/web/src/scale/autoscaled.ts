import type { FleetAutoscaler } from '@wheelhouse/shared/console/protocol';

export interface Bounds {
  readonly min: number;
  readonly max: number;
}

/**
 * What letting go at `target` means where an autoscaler decides: a number beyond its bounds moves that bound, one
 * within them is the autoscaler's to choose, and nothing changes. An autoscaler never goes below one.
 *
 * Example: 2 to 10: 14 makes it 2 to 14; 1 makes it 1 to 10; 6 is undefined.
 */
export function boundsFor({ min, max }: Bounds, target: number): Bounds | undefined {
  if (target > max) return { min, max: target };
  const floor = Math.max(1, target);
  return floor < min ? { min: floor, max } : undefined;
}

/** What the hand is told while it holds the handle of an autoscaled workload. */
export function boundsInWords(autoscaler: FleetAutoscaler, target: number): string {
  const bounds = boundsFor(autoscaler, target);
  const { name, min, max } = autoscaler;
  if (!bounds)
    return `The autoscaler ${name} decides between ${min} and ${max}. Drag beyond that to move its bounds.`;
  return bounds.max > max
    ? `Letting go lets the autoscaler ${name} go up to ${bounds.max}; it decides when.`
    : `Letting go lets the autoscaler ${name} go down to ${bounds.min}; it decides when.`;
}
