import { type Clock, systemClock } from '@wheelhouse/shared/clock';
import type { Component, Logger } from '../component';
import type { Revision, Store } from './store';

export interface CompactionPolicy {
  /** History younger than this is kept … */
  readonly keepMs: number;
  /** … unless it holds more changes (with etcd: more commits) than this. */
  readonly keepRevisions: number;
  /** How often the store is looked at. */
  readonly everyMs: number;
}

/** Five minutes, as Kubernetes does; the second bound keeps a burst of writes from filling the disk. */
export const DEFAULT_COMPACTION: CompactionPolicy = {
  keepMs: 300_000,
  keepRevisions: 200_000,
  everyMs: 15_000,
};

/** The store's revision at a moment. */
export interface Mark {
  readonly at: number;
  readonly revision: Revision;
}

/**
 * What may be forgotten now: the newest mark that is old enough, or whatever lies too far back. `marks` ascend and
 * end with the present. Worked example with keepMs 300 and keepRevisions 50: marks (0, rev 10), (200, rev 20),
 * (400, rev 90) → at 400 the mark of 0 is old enough (10), and 90 − 50 = 40 is the bound: 40.
 */
export function compactionTarget(marks: readonly Mark[], policy: CompactionPolicy): Revision {
  const now = marks.at(-1);
  if (!now) return 0;
  let byAge = 0;
  for (const mark of marks) if (now.at - mark.at >= policy.keepMs) byAge = mark.revision;
  return Math.max(byAge, now.revision - policy.keepRevisions);
}

/** Forgets old history from time to time, until stopped. Failures are logged and tried again in the next round. */
export function startCompactor(
  store: Store,
  log: Logger,
  options: { policy?: CompactionPolicy; clock?: Clock } = {},
): Component {
  const policy = options.policy ?? DEFAULT_COMPACTION;
  const clock = options.clock ?? systemClock;
  const scaled = { ...policy, keepRevisions: policy.keepRevisions * (store.revisionsPerCommit ?? 1) };
  let marks: Mark[] = [];
  let stopped = false;
  let running: Promise<void> = Promise.resolve();
  let cancel = () => {};

  const round = async () => {
    try {
      marks.push({ at: clock.monotonic(), revision: await store.currentRevision() });
      const target = compactionTarget(marks, scaled);
      const compacted = marks.findLastIndex(({ revision }) => revision <= target);
      if (target > 0) await store.compact(target);
      marks = marks.slice(Math.max(0, compacted));
    } catch (error) {
      // The next round tries again; history only grows a little longer meanwhile.
      if (!stopped) log.warn({ error }, 'history could not be compacted');
    }
    if (!stopped) schedule();
  };
  const schedule = () => {
    cancel = clock.after(policy.everyMs, () => {
      running = round();
    });
  };
  running = round();

  return {
    async stop() {
      stopped = true;
      cancel();
      await running;
    },
  };
}
