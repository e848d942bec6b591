import { ManualClock } from '@wheelhouse/shared/clock';
import { pino } from 'pino';
import { describe, expect, it, vi } from 'vitest';
import { type CompactionPolicy, compactionTarget, startCompactor } from './compactor';
import type { Store } from './store';

const policy: CompactionPolicy = { keepMs: 300, keepRevisions: 50, everyMs: 100 };

describe('compactionTarget', () => {
  it('keeps what is young', () => {
    expect(compactionTarget([], policy)).toBe(0);
    expect(compactionTarget([{ at: 0, revision: 10 }], policy)).toBeLessThanOrEqual(0);
    const marks = [
      { at: 0, revision: 10 },
      { at: 100, revision: 20 },
      { at: 350, revision: 30 },
    ];
    expect(compactionTarget(marks, policy)).toBe(10);
  });

  it('bounds a burst by number', () => {
    const marks = [
      { at: 0, revision: 10 },
      { at: 200, revision: 20 },
      { at: 400, revision: 90 },
    ];
    expect(compactionTarget(marks, policy)).toBe(40);
  });
});

describe('startCompactor', () => {
  it('compacts in rounds, survives a failure, and stops', async () => {
    const clock = new ManualClock();
    let revision = 0;
    let failing = false;
    const compacted: number[] = [];
    const store: Pick<Store, 'currentRevision' | 'compact'> = {
      currentRevision: async () => {
        revision += 10;
        if (failing) throw new Error('away');
        return revision;
      },
      compact: async (target) => {
        compacted.push(target);
      },
    };
    // Only these two methods are used.
    const compactor = startCompactor(store as Store, pino({ level: 'silent' }), { policy, clock });
    const round = async () => {
      await vi.waitFor(() => expect(clock.pending).toBe(1));
      clock.advance(100);
      await vi.waitFor(() => expect(clock.pending).toBe(1));
    };
    for (let i = 0; i < 4; i++) await round();
    expect(compacted).toEqual([10, 20]);
    failing = true;
    await round();
    failing = false;
    await round();
    expect(compacted.at(-1)).toBeGreaterThan(20);
    await compactor.stop();
    expect(clock.pending).toBe(0);
  });
});
