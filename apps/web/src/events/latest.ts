import type { FleetEvent } from '@wheelhouse/shared/console/protocol';

/** A new array, latest first. Times are RFC 3339, with or without fractions. */
export function byLatest(events: readonly FleetEvent[]): FleetEvent[] {
  return [...events].sort((a, b) => (Date.parse(b.last) || 0) - (Date.parse(a.last) || 0));
}
