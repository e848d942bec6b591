import type { Clock } from '@wheelhouse/shared/clock';
import { bindPod } from './bind-pod';
import type { PlacedStep, RefusedStep, SchedulerCore, Step } from './core/scheduler-core';
import type { WaitingPods } from './framework/waiting-pods';

/** What the loop tells its owner. */
export interface LoopObserver {
  bound(step: PlacedStep): void;
  bindFailed(step: PlacedStep, error: unknown): void;
  refused(step: RefusedStep): void;
  /** A decision threw: a fault of a plugin. The pod is tried again later. */
  failed(error: unknown): void;
}

export interface LoopOptions {
  readonly core: SchedulerCore;
  readonly clock: Clock;
  readonly observer: LoopObserver;
  readonly waitingPods: WaitingPods;
  /** Bindings in flight at a time. */
  readonly maxBinding?: number;
}

/** Decisions run in slices, since this process also serves the API: the event loop gets its turn in between. */
const SLICE_MS = 5;
const EXPIRE_EVERY_MS = 5_000;

/**
 * Decides one pod after the other, binds many at a time. Sleeps until `wake` or until a pod that backs off is due.
 */
export class SchedulerLoop {
  #scheduled = false;
  #stopped = false;
  #cancelTimer: (() => void) | undefined;
  #timerAt = Number.POSITIVE_INFINITY;
  #binding = new Set<Promise<void>>();
  /** Set while someone outside is asked about a pod. */
  #asking: Promise<void> | undefined;
  #abort = new AbortController();
  #cancelExpiry: () => void;

  constructor(private readonly options: LoopOptions) {
    this.#cancelExpiry = this.#expireLater();
  }

  /** There may be something to do. Cheap; decisions run in a later turn of the event loop. */
  wake(): void {
    if (this.#scheduled || this.#stopped) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      this.#slice();
    });
  }

  /** Waits for bindings in flight. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#abort.abort();
    this.#cancelTimer?.();
    this.#cancelExpiry();
    await this.#asking;
    await Promise.all(this.#binding);
  }

  #slice(): void {
    const { clock, maxBinding = 256 } = this.options;
    const end = clock.monotonic() + SLICE_MS;
    // When too many bindings are in flight, the next one that ends wakes the loop again.
    while (!this.#stopped && !this.#asking && this.#binding.size < maxBinding) {
      if (!this.#turn()) return;
      if (clock.monotonic() >= end) {
        this.wake();
        return;
      }
    }
  }

  /** Decides about one pod. False when the slice is over. */
  #turn(): boolean {
    const { core, observer } = this.options;
    let step: Step | undefined;
    try {
      step = core.next();
    } catch (error) {
      observer.failed(error);
      this.wake();
      return false;
    }
    if (!step) this.#sleep();
    else if (step.kind === 'asking') this.#wait(step.answer);
    else this.#act(step);
    return step !== undefined;
  }

  #act(step: PlacedStep | RefusedStep): void {
    if (step.kind === 'placed') this.#bind(step);
    else this.options.observer.refused(step);
  }

  /** Decisions are made one after the other: the next one waits for the answer. */
  #wait(answer: Promise<PlacedStep | RefusedStep | undefined>): void {
    this.#asking = answer
      .then((step) => step && this.#act(step))
      .catch((error: unknown) => this.options.observer.failed(error))
      .finally(() => {
        this.#asking = undefined;
        this.wake();
      });
  }

  #bind(step: PlacedStep): void {
    const { core, observer } = this.options;
    const { waitingPods } = this.options;
    const extender = core.extenders.find((one) => one.bind && one.isInterestedIn(step.info));
    const context = {
      snapshot: core.cache.snapshot,
      signal: this.#abort.signal,
      waitingPods,
      ...(extender ? { extender } : {}),
    };
    const binding = bindPod(step, context).then((outcome) => {
      this.#binding.delete(binding);
      if (outcome.kind === 'bound') {
        core.bound(step.info);
        observer.bound(step);
      } else {
        core.bindFailed(step);
        observer.bindFailed(step, outcome.error);
      }
      this.wake();
    });
    this.#binding.add(binding);
  }

  /** Sets the alarm for the next pod whose pause ends. */
  #sleep(): void {
    const due = this.options.core.queue.nextDue();
    if (due === undefined || due >= this.#timerAt) return;
    this.#cancelTimer?.();
    this.#timerAt = due;
    const delay = Math.max(1, Math.ceil(due - this.options.clock.monotonic()));
    this.#cancelTimer = this.options.clock.after(delay, () => {
      this.#timerAt = Number.POSITIVE_INFINITY;
      this.wake();
    });
  }

  #expireLater(): () => void {
    return this.options.clock.after(EXPIRE_EVERY_MS, () => {
      if (this.options.core.expireAssumed().length > 0) this.wake();
      this.#cancelExpiry = this.#expireLater();
    });
  }
}
