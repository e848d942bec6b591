import type { Clock } from '@wheelhouse/shared/clock';
import type { Verdict } from '../core/decide';
import type { ClusterEventKind, QueueEntry, QueueSortPlugin } from '../framework/plugin';
import { type PodInfo, podClass } from '../snapshot/pod-info';
import { Heap, type HeapItem } from './heap';

/** A pod that waits. `state` says where; the queue alone changes it. */
export interface QueuedPod extends QueueEntry, HeapItem {
  info: PodInfo;
  readonly since: number;
  state: 'active' | 'backing-off' | 'parked' | 'deciding' | 'gated';
  /** Failures in a row; each doubles the wait. */
  failures: number;
  /** Monotonic milliseconds before which a pod that backs off is not tried. */
  readyAt: number;
  /** Computed when first needed. */
  classKey: string | undefined;
  /** A place is being made for this very pod: it says nothing about its like. */
  alone: boolean;
  /** Settles what the sort plugin calls equal: first come, first served. */
  readonly arrival: number;
}

/**
 * Pods that are the same to every filter and that fitted nowhere. While the class is closed none of them is tried;
 * an event that may help opens it for one pod, the probe, and each success lets the next one follow. So twenty
 * thousand copies of a pod that does not fit cost one decision per helpful event, not twenty thousand.
 */
interface ParkedClass {
  readonly key: string;
  verdict: Verdict;
  retryOn: ReadonlySet<ClusterEventKind>;
  /** In order of arrival, the probe included. Never empty. */
  readonly members: Map<string, QueuedPod>;
  probe: QueuedPod | undefined;
  failures: number;
  readyAt: number;
  closedAt: number;
}

/** What an event means for a class: it fits now, it might fit, it does not concern it. */
export type Hint = 'fits' | 'maybe' | 'no';

export interface QueueOptions {
  readonly clock: Clock;
  readonly sort: QueueSortPlugin;
  /** Equal for pods that every filter treats alike; default {@link podClass}. */
  readonly classOf?: (info: PodInfo) => string;
  /** True for pods that may not be tried before they are changed. */
  readonly heldBack?: (info: PodInfo) => boolean;
  readonly baseBackOffMs?: number;
  readonly maxBackOffMs?: number;
  /** A closed class is tried again after this long even if nothing happened, in case an event told too little. */
  readonly maxParkedMs?: number;
}

/**
 * Pods on their way to a decision: active (a heap by the sort plugin), backing off (by time), parked (in classes).
 * A pod is in exactly one of these places. Nothing here acts by itself: the owner asks `pop` when `nextDue` says.
 */
export class SchedulingQueue {
  #pods = new Map<string, QueuedPod>();
  #active: Heap<QueuedPod>;
  #backingOff = new Heap<QueuedPod>((a, b) => a.readyAt - b.readyAt);
  #classes = new Map<string, ParkedClass>();
  #byEvent = new Map<ClusterEventKind, Set<ParkedClass>>();
  #arrivals = 0;
  /** When to look for classes that are closed for too long. */
  #sweepAt = Number.POSITIVE_INFINITY;

  constructor(private readonly options: QueueOptions) {
    this.#active = new Heap((a, b) => options.sort.compare(a, b) || a.arrival - b.arrival);
  }

  get size(): number {
    return this.#pods.size;
  }

  /** Pods by place, for metrics and tests. */
  counts(): Record<QueuedPod['state'], number> {
    const counts = { active: 0, 'backing-off': 0, parked: 0, deciding: 0, gated: 0 };
    for (const pod of this.#pods.values()) counts[pod.state]++;
    return counts;
  }

  get(key: string): Readonly<QueuedPod> | undefined {
    return this.#pods.get(key);
  }

  /**
   * Takes in a pod that needs a node, or the new version of one. Answers a verdict when its like was just refused
   * and nothing has changed since: then it is parked without being tried.
   */
  add(info: PodInfo): Verdict | undefined {
    const known = this.#pods.get(info.key);
    if (known?.info.uid === info.uid) return this.#update(known, info);
    if (known) this.remove(info.key);
    const pod: QueuedPod = {
      info,
      since: this.#now(),
      state: 'gated',
      failures: 0,
      readyAt: 0,
      classKey: undefined,
      alone: false,
      heapSlot: -1,
      arrival: this.#arrivals++,
    };
    this.#pods.set(info.key, pod);
    return this.#heldBack(info) ? undefined : this.#enter(pod);
  }

  remove(key: string): void {
    const pod = this.#pods.get(key);
    if (!pod) return;
    this.#takeOut(pod);
    this.#pods.delete(key);
    this.#leaveClass(pod);
  }

  /** The next pod to decide about; it stays `deciding` until one of the three calls below. */
  pop(): QueuedPod | undefined {
    this.#promoteDue();
    const pod = this.#active.pop();
    if (pod) pod.state = 'deciding';
    return pod;
  }

  /** A node was found: the pod leaves. Its like may follow. */
  placed(pod: QueuedPod): void {
    if (this.#pods.get(pod.info.key) !== pod) return;
    this.#pods.delete(pod.info.key);
    this.#leaveClass(pod);
  }

  /**
   * No node fits: the pod is parked with its like until one of the events may help; by itself when `alone`, so that
   * its like are still tried.
   */
  refused(
    pod: QueuedPod,
    verdict: Verdict,
    retryOn: ReadonlySet<ClusterEventKind>,
    { alone = false }: { readonly alone?: boolean } = {},
  ): void {
    if (this.#pods.get(pod.info.key) !== pod) return;
    pod.failures++;
    pod.state = 'parked';
    if (pod.alone !== alone) {
      this.#leaveClass(pod);
      pod.alone = alone;
      pod.classKey = undefined;
    }
    const key = this.#classOf(pod);
    let parked = this.#classes.get(key);
    if (!parked) {
      parked = {
        key,
        verdict,
        retryOn: new Set(),
        members: new Map(),
        probe: undefined,
        failures: 0,
        readyAt: 0,
        closedAt: 0,
      };
      this.#classes.set(key, parked);
      if (!Number.isFinite(this.#sweepAt)) this.#sweepAt = this.#now() + this.#maxParkedMs();
    }
    parked.members.set(pod.info.key, pod);
    if (parked.probe && parked.probe !== pod) return;
    parked.probe = undefined;
    parked.verdict = verdict;
    parked.failures++;
    parked.closedAt = this.#now();
    parked.readyAt = parked.closedAt + this.#backOff(parked.failures);
    this.#subscribe(parked, retryOn);
  }

  /** The decision or the binding failed for a reason that has nothing to do with room: try again later. */
  retryLater(info: PodInfo, failures: number): void {
    let pod = this.#pods.get(info.key);
    if (!pod) {
      this.add(info);
      pod = this.#pods.get(info.key);
    }
    if (!pod || pod.state === 'gated') return;
    this.#takeOut(pod);
    this.#leaveClass(pod);
    pod.failures = failures;
    pod.readyAt = this.#now() + this.#backOff(failures);
    pod.state = 'backing-off';
    this.#backingOff.push(pod);
  }

  /** Tries a parked pod again as soon as its class may be. */
  retry(key: string): void {
    const pod = this.#pods.get(key);
    const parked = pod?.state === 'parked' ? this.#classes.get(this.#classOf(pod)) : undefined;
    if (parked) this.#open(parked, parked.readyAt);
  }

  /** Something happened: opens the classes that it may help. `hint` is asked once a class, about any one member. */
  notify(kind: ClusterEventKind, hint: (member: PodInfo, verdict: Verdict) => Hint): void {
    const concerned = this.#byEvent.get(kind);
    if (!concerned?.size) return;
    for (const parked of [...concerned]) {
      const probing = parked.probe;
      if (probing && probing.state !== 'backing-off') continue;
      const [first] = parked.members.values();
      if (!first) continue;
      const answer = hint((probing ?? first).info, parked.verdict);
      if (answer === 'no') continue;
      this.#open(parked, answer === 'fits' ? 0 : parked.readyAt);
    }
  }

  /** Monotonic milliseconds at which `pop` may have more to give than now; undefined when only events can help. */
  nextDue(): number | undefined {
    if (this.#active.size > 0) return this.#now();
    const due = Math.min(this.#backingOff.peek()?.readyAt ?? Number.POSITIVE_INFINITY, this.#sweepAt);
    return Number.isFinite(due) ? due : undefined;
  }

  #update(pod: QueuedPod, info: PodInfo): Verdict | undefined {
    const gated = this.#heldBack(info);
    const before = pod.state === 'gated' ? undefined : this.#classOf(pod);
    pod.info = info;
    if (gated) return undefined;
    pod.classKey = undefined;
    if (before === this.#classOf(pod)) return undefined;
    this.#takeOut(pod);
    this.#leaveClass(pod, before);
    return pod.state === 'deciding' ? undefined : this.#enter(pod);
  }

  /** Active at once, unless its like is already waiting for an event. */
  #enter(pod: QueuedPod): Verdict | undefined {
    const parked = this.#classes.size > 0 ? this.#classes.get(this.#classOf(pod)) : undefined;
    if (!parked) {
      this.#activate(pod);
      return undefined;
    }
    pod.state = 'parked';
    parked.members.set(pod.info.key, pod);
    return parked.probe ? undefined : parked.verdict;
  }

  #activate(pod: QueuedPod): void {
    pod.state = 'active';
    this.#active.push(pod);
  }

  /** Sends one member ahead, now or when the class has waited long enough. */
  #open(parked: ParkedClass, readyAt: number): void {
    const probe = parked.probe ?? first(parked.members);
    if (!probe) return;
    parked.probe = probe;
    this.#takeOut(probe);
    if (readyAt <= this.#now()) {
      this.#activate(probe);
      return;
    }
    probe.readyAt = readyAt;
    probe.state = 'backing-off';
    this.#backingOff.push(probe);
  }

  /** Out of its heap, if it is in one. */
  #takeOut(pod: QueuedPod): void {
    if (pod.heapSlot < 0) return;
    (pod.state === 'active' ? this.#active : this.#backingOff).remove(pod);
  }

  #leaveClass(pod: QueuedPod, key = pod.classKey): void {
    const parked = key === undefined ? undefined : this.#classes.get(key);
    if (!parked?.members.delete(pod.info.key)) return;
    if (parked.members.size === 0) {
      this.#subscribe(parked, new Set());
      this.#classes.delete(parked.key);
    } else if (parked.probe === pod) {
      // It went ahead and is gone, one way or another: whether there is room for the next is to be tried.
      parked.probe = undefined;
      this.#open(parked, 0);
    }
  }

  #subscribe(parked: ParkedClass, retryOn: ReadonlySet<ClusterEventKind>): void {
    for (const kind of parked.retryOn) if (!retryOn.has(kind)) this.#byEvent.get(kind)?.delete(parked);
    for (const kind of retryOn) {
      const classes = this.#byEvent.get(kind) ?? new Set();
      this.#byEvent.set(kind, classes.add(parked));
    }
    parked.retryOn = retryOn;
  }

  #promoteDue(): void {
    const now = this.#now();
    for (let pod = this.#backingOff.peek(); pod && pod.readyAt <= now; pod = this.#backingOff.peek()) {
      this.#backingOff.pop();
      this.#activate(pod);
    }
    if (this.#sweepAt > now) return;
    for (const parked of this.#classes.values()) {
      if (!parked.probe && parked.closedAt + this.#maxParkedMs() <= now) this.#open(parked, 0);
    }
    this.#sweepAt = this.#classes.size > 0 ? now + this.#maxParkedMs() / 10 : Number.POSITIVE_INFINITY;
  }

  #classOf(pod: QueuedPod): string {
    if (pod.classKey === undefined) {
      const like = (this.options.classOf ?? podClass)(pod.info);
      pod.classKey = pod.alone ? `alone ${pod.info.uid} ${like}` : like;
    }
    return pod.classKey;
  }

  #heldBack(info: PodInfo): boolean {
    return this.options.heldBack?.(info) ?? false;
  }

  #backOff(failures: number): number {
    const { baseBackOffMs = 1_000, maxBackOffMs = 10_000 } = this.options;
    return Math.min(maxBackOffMs, baseBackOffMs * 2 ** Math.min(failures - 1, 30));
  }

  #maxParkedMs(): number {
    return this.options.maxParkedMs ?? 300_000;
  }

  #now(): number {
    return this.options.clock.monotonic();
  }
}

function first<K, V>(map: ReadonlyMap<K, V>): V | undefined {
  for (const value of map.values()) return value;
  return undefined;
}
