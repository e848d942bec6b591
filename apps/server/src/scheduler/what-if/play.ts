import { decide, type Verdict } from '../core/decide';
import { makeRoom, nominate } from '../core/make-room';
import type { Moment } from '../core/scheduler-core';
import type { Framework } from '../framework/framework';
import { Nominations } from '../framework/nominations';
import type { PodInfo } from '../snapshot/pod-info';

export type Attempt =
  | { readonly kind: 'placed'; readonly node: string }
  /** Others have to leave first: try again once they are gone. */
  | { readonly kind: 'waiting'; readonly verdict: Verdict }
  | { readonly kind: 'refused'; readonly verdict: Verdict };

export interface Eviction {
  readonly pod: PodInfo;
  readonly node: string;
}

/** Decisions on a fork of the cluster, each of which counts for the next, evictions for more important pods included. */
export class Play {
  readonly #moment: Moment;
  readonly #nominations: Nominations;
  /** Told to leave, but still there, by UID. */
  readonly #leaving = new Map<string, Eviction>();
  readonly #evicted: Eviction[] = [];

  constructor(moment: Moment) {
    this.#nominations = moment.options.nominations ?? new Nominations();
    this.#moment = { ...moment, options: { ...moment.options, nominations: this.#nominations } };
  }

  /** The pods that had to leave. */
  get evicted(): readonly Eviction[] {
    return this.#evicted;
  }

  /** What the scheduler would do with the pod now. */
  attempt(framework: Framework, pod: PodInfo): Attempt {
    const { snapshot, cursor, options, leaving } = this.#moment;
    const nominations = this.#nominations;
    const decision = decide(framework, snapshot, pod, cursor, options);
    if (decision.kind === 'placed') {
      nominations.clear(pod.uid);
      snapshot.addPod(pod, decision.node);
      return { kind: 'placed', node: decision.node };
    }
    const { verdict, resolvable } = decision;
    const isLeaving = (uid: string) => leaving.has(uid) || this.#leaving.has(uid);
    const room = makeRoom(pod, { framework, snapshot, nominations, resolvable, isLeaving });
    if (room?.keep) return { kind: 'waiting', verdict };
    nominations.clear(pod.uid);
    if (room?.nominate === undefined) return { kind: 'refused', verdict };
    nominate(nominations, pod, room.nominate);
    for (const victim of room.evict ?? []) {
      this.#leaving.set(victim.uid, { pod: victim, node: room.nominate });
    }
    return { kind: 'waiting', verdict };
  }

  /** Those who were told to leave are gone. False when there were none. */
  settle(): boolean {
    if (this.#leaving.size === 0) return false;
    for (const [uid, eviction] of this.#leaving) {
      this.#moment.snapshot.removePod(uid, eviction.node);
      this.#evicted.push(eviction);
    }
    this.#leaving.clear();
    return true;
  }

  /** Whether pods could be made to leave for this one. */
  mayEvict(framework: Framework, { pod, priority }: PodInfo): boolean {
    if (framework.postFilters.length === 0 || pod.spec?.preemptionPolicy === 'Never') return false;
    return this.#moment.snapshot.hasBelow(priority);
  }
}
