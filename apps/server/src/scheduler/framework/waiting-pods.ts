import type { Clock } from '@wheelhouse/shared/clock';
import type { PodInfo } from '../snapshot/pod-info';
import { type Rejection, rejection } from './rejection';

/** A placed pod that permit plugins hold back before it is bound. */
export interface WaitingPod {
  readonly info: PodInfo;
  readonly node: string;
  /** Names of the plugins that have not allowed it yet. */
  readonly heldBy: ReadonlySet<string>;
  /** The plugin lets the pod go on; it is bound once all of them have. */
  allow(plugin: string): void;
  /** Sends the pod back to the queue. */
  reject(plugin: string, reason: string): void;
}

class Waiting implements WaitingPod {
  readonly heldBy = new Set<string>();
  #settle: (refusal: Rejection | undefined) => void = () => {};
  readonly settled = new Promise<Rejection | undefined>((resolve) => {
    this.#settle = resolve;
  });

  constructor(
    readonly info: PodInfo,
    readonly node: string,
  ) {}

  allow(plugin: string): void {
    this.heldBy.delete(plugin);
    if (this.heldBy.size === 0) this.#settle(undefined);
  }

  reject(plugin: string, reason: string): void {
    this.#settle(rejection(`${plugin}: ${reason}`));
  }
}

/** The pods that wait between their reservation and their binding, by UID. */
export class WaitingPods {
  #pods = new Map<string, Waiting>();

  constructor(private readonly clock: Clock) {}

  get(uid: string): WaitingPod | undefined {
    return this.#pods.get(uid);
  }

  list(): readonly WaitingPod[] {
    return [...this.#pods.values()];
  }

  /** Takes a waiting pod's place away; false when no such pod waits. */
  reject(uid: string, plugin: string, reason: string): boolean {
    const pod = this.#pods.get(uid);
    pod?.reject(plugin, reason);
    return pod !== undefined;
  }

  /**
   * Holds the pod until every plugin of `waits` (with its patience in milliseconds) has allowed it. Answers the
   * refusal of the first that rejects it, or of one whose patience ends; undefined lets the pod go on.
   */
  async hold(
    info: PodInfo,
    node: string,
    waits: ReadonlyMap<string, number>,
    signal: AbortSignal,
  ): Promise<Rejection | undefined> {
    const waiting = new Waiting(info, node);
    const cancels = [...waits].map(([plugin, timeoutMs]) => {
      waiting.heldBy.add(plugin);
      return this.clock.after(timeoutMs, () => {
        if (waiting.heldBy.has(plugin)) waiting.reject(plugin, `not allowed within ${timeoutMs} ms`);
      });
    });
    const stopped = () => waiting.reject('scheduler', 'the scheduler stops');
    signal.addEventListener('abort', stopped, { once: true });
    this.#pods.set(info.uid, waiting);
    try {
      if (signal.aborted) stopped();
      return await waiting.settled;
    } finally {
      this.#pods.delete(info.uid);
      signal.removeEventListener('abort', stopped);
      for (const cancel of cancels) cancel();
    }
  }
}
