import { DomainCount, type DomainQuery } from './domain-count';
import type { NodeInfo } from './node-info';
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
  /** The same counts by topology domain, one entry a question; each knows for which set of nodes it holds. */
  readonly domains: Map<string, DomainCount>;
  readonly epoch: number;
  usedAt: number;
}

/** More questions than this at a time and the longest unasked one is dropped (it is counted afresh if asked again). */
const MAX_COUNTERS = 2_000;
/** Questions about domains per counter; pods with equal selectors but ever new node rules could make more. */
const MAX_DOMAIN_COUNTS = 64;

/** The cluster, as far as counting needs it. */
export interface CountedCluster {
  readonly nodes: readonly NodeInfo[];
  /** Changes whenever a node comes, goes or changes its labels, taints or the like; unique over all snapshots. */
  readonly nodeSet: number;
}

/**
 * Counts of matching pods per node and per topology domain, kept up to date as pods come and go, so that spreading
 * and affinity never scan the cluster except for the first time a question is asked. A fork shares counters until
 * either side changes one.
 */
export class MatchCounts {
  #byNamespace = new Map<string, Map<string, Counter>>();
  #size = 0;
  #uses = 0;

  constructor(private readonly epoch: number) {}

  /** The matching pods of each node that has any. */
  counts(matcher: PodMatcher, cluster: CountedCluster): ReadonlyMap<string, number> {
    return this.#counter(matcher, cluster).perNode;
  }

  /** The matching pods of each domain. */
  domains(matcher: PodMatcher, query: DomainQuery, cluster: CountedCluster): DomainCount {
    const counter = this.#counter(matcher, cluster);
    const key = `${query.topologyKey}\n${query.eligible?.key ?? ''}`;
    let count = counter.domains.get(key);
    if (count?.nodeSet !== cluster.nodeSet) {
      count = new DomainCount(query, cluster.nodeSet);
      count.countAll(cluster.nodes, counter.perNode);
      if (counter.domains.size >= MAX_DOMAIN_COUNTS) counter.domains.clear();
      counter.domains.set(key, count);
    }
    return count;
  }

  podAdded(pod: PodInfo, node: NodeInfo): void {
    this.#change(pod, node, 1);
  }

  podRemoved(pod: PodInfo, node: NodeInfo): void {
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

  #counter(matcher: PodMatcher, { nodes }: CountedCluster): Counter {
    const group = this.#group(matcher.namespace);
    let counter = group.get(matcher.key);
    if (!counter) {
      if (this.#size >= MAX_COUNTERS) this.#dropOldest();
      counter = {
        matcher,
        perNode: countPods(matcher, nodes),
        domains: new Map(),
        epoch: this.epoch,
        usedAt: 0,
      };
      group.set(matcher.key, counter);
      this.#size++;
    }
    counter.usedAt = ++this.#uses;
    return counter;
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

  #change(pod: PodInfo, node: NodeInfo, by: 1 | -1): void {
    if (this.#size === 0) return;
    this.#changeIn(this.#byNamespace.get(pod.namespace), pod, node, by);
    this.#changeIn(this.#byNamespace.get(''), pod, node, by);
  }

  #changeIn(group: Map<string, Counter> | undefined, pod: PodInfo, node: NodeInfo, by: 1 | -1): void {
    if (!group) return;
    for (const [key, counter] of group) {
      if (!counter.matcher.matches(pod)) continue;
      let own = counter;
      if (counter.epoch !== this.epoch) {
        own = {
          ...counter,
          perNode: new Map(counter.perNode),
          domains: new Map([...counter.domains].map(([question, count]) => [question, count.copy()])),
          epoch: this.epoch,
        };
        group.set(key, own);
      }
      bump(own.perNode, node.name, by);
      for (const count of own.domains.values()) count.bump(node, by);
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

function countPods(matcher: PodMatcher, nodes: readonly NodeInfo[]): Map<string, number> {
  const perNode = new Map<string, number>();
  for (const { name, pods } of nodes) {
    for (const pod of pods.values()) if (applies(matcher, pod)) bump(perNode, name, 1);
  }
  return perNode;
}

function applies(matcher: PodMatcher, pod: PodInfo): boolean {
  return (matcher.namespace === undefined || matcher.namespace === pod.namespace) && matcher.matches(pod);
}

function bump(counts: Map<string, number>, node: string, by: 1 | -1): void {
  const next = (counts.get(node) ?? 0) + by;
  if (next === 0) counts.delete(node);
  else counts.set(node, next);
}
