import type { Clock } from '@wheelhouse/shared/clock';
import { tooManyRequests } from '@wheelhouse/shared/errors';
import type { Flow, PriorityLevel } from './levels';

/** A request that waited so long would be answered to nobody: clients give up by then. */
const LONGEST_WAIT_MS = 15_000;
/** Waiting requests that start in one turn of the event loop; new arrivals get theirs in between. */
const STARTS_PER_TURN = 32;
/** So many queues of a level may be full at once: whoever can take many names must not fill the memory with them. */
const MOST_FULL_QUEUES = 16;
/** This part of a level's seats is never lent, so that its own requests always find some. */
const KEPT = 0.5;

export interface Seats {
  /** Gives them back; further calls do nothing. */
  release(): void;
}

interface Waiting {
  readonly width: number;
  start(seats: Seats): void;
  cancelTimeout(): void;
}

interface LevelState {
  readonly level: PriorityLevel;
  used: number;
  /** Requests in all of its queues. */
  waiting: number;
  /** Flows with waiting requests, in the order of their turns. */
  readonly flows: Map<string, Waiting[]>;
}

/**
 * Seats for requests. A level may use more than its own while others do not need theirs; what does not find a seat
 * waits in its flow's queue, flows of a level take turns, and a queue that is full refuses.
 * Invariant: the seats used by all levels are at most {@link FairQueueOptions.totalSeats}.
 */
export class FairQueue {
  readonly #levels: LevelState[];
  readonly #byLevel = new Map<PriorityLevel, LevelState>();
  readonly #total: number;
  #used = 0;
  #scheduled = false;

  constructor(
    levels: readonly PriorityLevel[],
    private readonly clock: Clock,
  ) {
    this.#levels = levels.map((level) => ({ level, used: 0, waiting: 0, flows: new Map() }));
    for (const state of this.#levels) this.#byLevel.set(state.level, state);
    this.#total = levels.reduce((sum, { seats }) => sum + seats, 0);
  }

  /** Requests under way and waiting, by level; for metrics and tests. */
  usage(): { level: string; executing: number; waiting: number }[] {
    return this.#levels.map(({ level, used, waiting }) => ({ level: level.name, executing: used, waiting }));
  }

  /**
   * Seats for one request, at once where there are some. `width`: how many it takes, for one that costs as much as
   * many; never more than its level has. Throws TooManyRequests when its flow's queue is full; the promise rejects
   * with the same when it waited too long.
   */
  acquire(flow: Flow, width: number): Seats | Promise<Seats> {
    const state = this.#byLevel.get(flow.level);
    if (!state) throw new Error(`no such level: ${flow.level.name}`);
    const wanted = Math.max(1, Math.min(width, flow.level.seats));
    if (state.flows.size === 0 && this.#fits(state, wanted)) return this.#take(state, wanted);
    const queue = state.flows.get(flow.key) ?? [];
    const { queueLength } = flow.level;
    if (queue.length >= queueLength || state.waiting >= queueLength * MOST_FULL_QUEUES) throw refusal();
    state.flows.set(flow.key, queue);
    return new Promise((resolve, reject) => {
      const cancelTimeout = this.clock.after(LONGEST_WAIT_MS, () => {
        this.#forget(state, flow.key, waiting);
        reject(refusal());
      });
      const waiting: Waiting = { width: wanted, start: resolve, cancelTimeout };
      queue.push(waiting);
      state.waiting++;
      this.#schedule();
    });
  }

  #fits(state: LevelState, width: number): boolean {
    if (state.used + width <= state.level.seats && this.#used + width <= this.#total) return true;
    // Borrowed: what is free beyond what the other levels keep for themselves.
    let kept = 0;
    for (const other of this.#levels) {
      if (other !== state) kept += Math.max(0, Math.ceil(other.level.seats * KEPT) - other.used);
    }
    return this.#used + kept + width <= this.#total;
  }

  #take(state: LevelState, width: number): Seats {
    state.used += width;
    this.#used += width;
    let held = true;
    return {
      release: () => {
        if (!held) return;
        held = false;
        state.used -= width;
        this.#used -= width;
        if (this.#levels.some(({ flows }) => flows.size > 0)) this.#schedule();
      },
    };
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      this.#dispatch();
    });
  }

  /** Gives free seats to those that wait: levels in the order of their urgency, flows in turn. */
  #dispatch(): void {
    let started = 0;
    for (const state of this.#levels) {
      while (state.flows.size > 0 && started < STARTS_PER_TURN) {
        const [key, queue] = first(state.flows);
        const [next] = queue;
        if (!next || !this.#fits(state, next.width)) break;
        queue.shift();
        state.waiting--;
        // Its next request comes after those of the others.
        state.flows.delete(key);
        if (queue.length > 0) state.flows.set(key, queue);
        next.cancelTimeout();
        next.start(this.#take(state, next.width));
        started++;
      }
    }
    if (started === STARTS_PER_TURN) this.#schedule();
  }

  #forget(state: LevelState, key: string, waiting: Waiting): void {
    const queue = state.flows.get(key);
    const at = queue?.indexOf(waiting) ?? -1;
    if (!queue || at < 0) return;
    queue.splice(at, 1);
    state.waiting--;
    if (queue.length === 0) state.flows.delete(key);
  }
}

function first(flows: Map<string, Waiting[]>): [string, Waiting[]] {
  for (const entry of flows) return entry;
  throw new Error('the caller looks only into levels with waiting flows');
}

const refusal = () => tooManyRequests('too many requests, please try again later', 1);
