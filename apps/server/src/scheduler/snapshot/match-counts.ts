import type { PodInfo } from './pod-info';

/** A question about pods that is asked of every node: how many of these are there? */
export interface PodMatcher {
  /** Equal keys mean equal questions. */
  readonly key: string;
  /** Pods elsewhere never match; undefined means all namespaces. */
  readonly namespace: string | undefined;
  matches(pod: PodInfo): boolean;
}

interface Counter {
  readonly matcher: PodMatcher;
  readonly perNode: Map<string, number>;
  readonly epoch: number;
  usedAt: number;
}

/** More questions than this at a time and the longest unasked one is dropped (it is counted afresh if asked again). */
const MAX_COUNTERS = 2_000;

/**
 * Counts of matching pods per node, kept up to date as pods come and go, so that spreading and affinity never
 * scan the cluster's pods except for the first time a question is asked. A fork shares counters until either
 * side changes one.
 */
export class MatchCounts {
  #byNamespace = new Map<string, Map<string, Counter>>();
  #size = 0;
  #uses = 0;

  constructor(private readonly epoch: number) {}

  /** The matching pods of each node that has any. `scan` supplies all placed pods when the question is new. */
  counts(matcher: PodMatcher, scan: () => Iterable<readonly [string, PodInfo]>): ReadonlyMap<string, number> {
    const group = this.#group(matcher.namespace);
    let counter = group.get(matcher.key);
    if (!counter) {
      if (this.#size >= MAX_COUNTERS) this.#dropOldest();
      counter = { matcher, perNode: new Map(), epoch: this.epoch, usedAt: 0 };
      for (const [node, pod] of scan()) if (applies(matcher, pod)) bump(counter.perNode, node, 1);
      group.set(matcher.key, counter);
      this.#size++;
    }
    counter.usedAt = ++this.#uses;
    return counter.perNode;
  }

  podAdded(pod: PodInfo, node: string): void {
    this.#change(pod, node, 1);
  }

  podRemoved(pod: PodInfo, node: string): void {
    this.#change(pod, node, -1);
  }

  fork(epoch: number): MatchCounts {
    const copy = new MatchCounts(epoch);
    for (const [namespace, group] of this.#byNamespace) copy.#byNamespace.set(namespace, new Map(group));
    copy.#size = this.#size;
    return copy;
  }

  /** The same counters under a new epoch: what a snapshot continues with after it was forked. */
  withEpoch(epoch: number): MatchCounts {
    const same = new MatchCounts(epoch);
    same.#byNamespace = this.#byNamespace;
    same.#size = this.#size;
    same.#uses = this.#uses;
    return same;
  }

  #group(namespace: string | undefined): Map<string, Counter> {
    const name = namespace ?? '';
    let group = this.#byNamespace.get(name);
    if (!group) {
      group = new Map();
      this.#byNamespace.set(name, group);
    }
    return group;
  }

  #change(pod: PodInfo, node: string, by: 1 | -1): void {
    if (this.#size === 0) return;
    this.#changeIn(this.#byNamespace.get(pod.namespace), pod, node, by);
    this.#changeIn(this.#byNamespace.get(''), pod, node, by);
  }

  #changeIn(group: Map<string, Counter> | undefined, pod: PodInfo, node: string, by: 1 | -1): void {
    if (!group) return;
    for (const [key, counter] of group) {
      if (!counter.matcher.matches(pod)) continue;
      let own = counter;
      if (counter.epoch !== this.epoch) {
        own = { ...counter, perNode: new Map(counter.perNode), epoch: this.epoch };
        group.set(key, own);
      }
      bump(own.perNode, node, by);
    }
  }

  #dropOldest(): void {
    let oldest: { group: Map<string, Counter>; key: string; usedAt: number } | undefined;
    for (const group of this.#byNamespace.values()) {
      for (const [key, { usedAt }] of group)
        if (!oldest || usedAt < oldest.usedAt) oldest = { group, key, usedAt };
    }
    if (!oldest) return;
    oldest.group.delete(oldest.key);
    this.#size--;
  }
}

function applies(matcher: PodMatcher, pod: PodInfo): boolean {
  return (matcher.namespace === undefined || matcher.namespace === pod.namespace) && matcher.matches(pod);
}

function bump(counts: Map<string, number>, node: string, by: 1 | -1): void {
  const next = (counts.get(node) ?? 0) + by;
  if (next === 0) counts.delete(node);
  else counts.set(node, next);
}
