import type { Clock } from '@wheelhouse/shared/clock';
import type { SchedulerCore } from './core/scheduler-core';
import type { PodEvents } from './pod-events';
import type { PodInfo } from './snapshot/pod-info';
import { smallestChange } from './what-if/smallest-change';

/** Looking at every node takes time that decisions need: not more often than this. */
const PAUSE_MS = 200;

export interface HintWriterOptions {
  readonly core: SchedulerCore;
  readonly clock: Clock;
  readonly events: Pick<PodEvents, 'record'>;
}

/**
 * Says in an event, so that `kubectl describe` shows it, what the least change is that would let a refused pod fit.
 * In a flood of refusals only some pods get one; the explanation of each is there for the asking.
 */
export class HintWriter {
  #nextAt = Number.NEGATIVE_INFINITY;

  constructor(private readonly options: HintWriterOptions) {}

  write(info: PodInfo): void {
    const { core, clock, events } = this.options;
    const now = clock.monotonic();
    const framework = core.frameworkFor(info.pod);
    if (!framework || now < this.#nextAt) return;
    this.#nextAt = now + PAUSE_MS;
    const change = smallestChange(framework, { pod: info, snapshot: core.cache.snapshot });
    if (change) events.record(info, 'Normal', 'SchedulingHint', `It ${change.text}.`);
  }
}
