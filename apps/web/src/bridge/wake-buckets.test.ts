import type { FleetEvent } from '@wheelhouse/shared/console/protocol';
import { describe, expect, it } from 'vitest';
import { wakeBuckets } from './wake-buckets';

const event = (last: number, type = 'Normal'): FleetEvent => ({
  resource: 'events',
  namespace: 'shop',
  name: String(last),
  uid: String(last),
  created: '',
  type,
  reason: '',
  message: '',
  count: 1,
  last: new Date(last).toISOString(),
  about: { kind: 'Pod', name: 'p' },
});

describe('wakeBuckets', () => {
  it('counts by the clock, the newest last, and leaves out what is older', () => {
    const events = [event(99_000, 'Warning'), event(95_000), event(79_000), event(10_000)];
    expect(wakeBuckets(events, { now: 99_500, count: 3, stretchMs: 10_000 })).toEqual([
      { from: 70_000, normal: 1, warnings: 0 },
      { from: 80_000, normal: 0, warnings: 0 },
      { from: 90_000, normal: 1, warnings: 1 },
    ]);
  });
});
