import type { ObservedPod } from '../../runtime/runtime';
import type { PodPlan } from './pod-actions';
import { latestRun, type WaitingReason } from './pod-view';

/** Why the containers of a pod do not run. A reason stays until the container runs or another takes its place. */
export class WaitingReasons {
  #byContainer: ReadonlyMap<string, WaitingReason> = new Map();

  get all(): ReadonlyMap<string, WaitingReason> {
    return this.#byContainer;
  }

  /** Takes over what a plan says; answers the containers that have just begun to back off. */
  follow(plan: PodPlan, observed: ObservedPod): string[] {
    const before = this.#byContainer;
    const next = new Map(plan.waiting);
    for (const { spec } of plan.start) {
      const kept = before.get(spec.name);
      if (kept) next.set(spec.name, kept);
    }
    this.#byContainer = next;
    return [...plan.waiting.keys()].filter(
      (name) => before.get(name)?.reason !== 'CrashLoopBackOff' && latestRun(observed, name),
    );
  }

  set(container: string, reason: WaitingReason | undefined): void {
    const next = new Map(this.#byContainer);
    if (reason) {
      const { message } = reason;
      next.set(container, { reason: reason.reason, ...(message ? { message } : {}) });
    } else next.delete(container);
    this.#byContainer = next;
  }

  clear(): void {
    this.#byContainer = new Map();
  }
}
