import type { NodeScore } from './score';

/** Decisions that are remembered for explanations. */
const REMEMBERED = 2_000;

/** Scores that decided, by the pod's UID; the latest decisions only. */
export class DecisionLog {
  #scores = new Map<string, readonly NodeScore[]>();

  add(uid: string, scores: readonly NodeScore[]): void {
    this.#scores.set(uid, scores);
    if (this.#scores.size <= REMEMBERED) return;
    for (const oldest of this.#scores.keys()) {
      this.#scores.delete(oldest);
      return;
    }
  }

  get(uid: string): readonly NodeScore[] | undefined {
    return this.#scores.get(uid);
  }
}
