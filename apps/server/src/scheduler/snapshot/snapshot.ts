import type { Node } from 'kubernetes-types/core/v1';
import type { DomainCount, DomainQuery } from './domain-count';
import { MatchCounts, type PodMatcher } from './match-counts';
import { NodeInfo, nodeTraits, sameTraits } from './node-info';
import type { PodInfo } from './pod-info';
import { type PlacedTerm, TermIndex } from './term-index';

/** What plugins may ask of the cluster. */
export interface SnapshotView {
  /** In a fixed order; new nodes come last. Never change the array. */
  readonly nodes: readonly NodeInfo[];
  node(name: string): NodeInfo | undefined;
  /** Matching pods by node, only nodes that have some; kept up to date incrementally once asked. */
  matchCounts(matcher: PodMatcher): ReadonlyMap<string, number>;
  /** Matching pods by topology domain; kept up to date incrementally once asked. */
  domainCounts(matcher: PodMatcher, query: DomainQuery): Pick<DomainCount, 'counts' | 'least'>;
  /** Terms of pods that run, which may be about pods of the namespace. */
  termsAbout(namespace: string): Iterable<PlacedTerm>;
  /** How many nodes have the image. */
  nodesWithImage(image: string): number;
  /** Nodes with at least one taint of the PreferNoSchedule effect. */
  readonly softTaintedNodes: number;
}

let lastEpoch = 0;
let lastNodeSet = 0;

/**
 * The nodes and what runs on them, in figures. Changes are incremental. `fork()` is cheap and the two sides never
 * see each other's changes: each carries an epoch, and a NodeInfo or counter of another epoch is copied before the
 * first write. Example: base (epoch 1) forks → base continues as epoch 2, fork as epoch 3, all nodes still carry
 * epoch 1, so whoever adds a pod to node-7 first copies node-7.
 */
export class Snapshot implements SnapshotView {
  #nodes: NodeInfo[] = [];
  #index = new Map<string, number>();
  /** Pods bound to nodes that are not (or no longer) known; they count once the node appears. */
  #homeless = new Map<string, Map<string, PodInfo>>();
  #images = new Map<string, number>();
  #softTainted = 0;
  #epoch = ++lastEpoch;
  #counts = new MatchCounts(this.#epoch);
  #terms = new TermIndex(this.#epoch);
  #nodeSet = ++lastNodeSet;
  /** Placed pods by priority, none with 0. */
  #priorities = new Map<number, number>();
  /** The node array and its index are shared with a fork until either side adds or removes a node. */
  #nodeSetShared = false;

  get nodes(): readonly NodeInfo[] {
    return this.#nodes;
  }

  get softTaintedNodes(): number {
    return this.#softTainted;
  }

  node(name: string): NodeInfo | undefined {
    const index = this.#index.get(name);
    return index === undefined ? undefined : this.#nodes[index];
  }

  nodesWithImage(image: string): number {
    return this.#images.get(image) ?? 0;
  }

  matchCounts(matcher: PodMatcher): ReadonlyMap<string, number> {
    return this.#counts.counts(matcher, this);
  }

  domainCounts(matcher: PodMatcher, query: DomainQuery): Pick<DomainCount, 'counts' | 'least'> {
    return this.#counts.domains(matcher, query, this);
  }

  termsAbout(namespace: string): Iterable<PlacedTerm> {
    return this.#terms.about(namespace);
  }

  /** Changes whenever what can be said of the nodes alone changes; unique over all snapshots. */
  get nodeSet(): number {
    return this.#nodeSet;
  }

  /** Adds the node or takes over its new version. Tells whether anything that scheduling reads is new. */
  setNode(node: Node): 'added' | 'changed' | 'same' {
    const name = node.metadata?.name ?? '';
    const traits = nodeTraits(node);
    const index = this.#index.get(name);
    if (index !== undefined) {
      const info = this.#writable(index);
      const same = sameTraits(info.traits, traits);
      this.#countTraits(info, -1);
      if (!same) {
        // Domains are labels: what the pods here say of others moves with them.
        for (const pod of info.pods.values()) this.#terms.podRemoved(pod, info);
        this.#nodeSet = ++lastNodeSet;
      }
      info.traits = traits;
      if (!same) for (const pod of info.pods.values()) this.#terms.podAdded(pod, info);
      this.#countTraits(info, 1);
      return same ? 'same' : 'changed';
    }
    this.#ownNodeSet();
    const info = new NodeInfo(traits, this.#epoch);
    this.#index.set(name, this.#nodes.length);
    this.#nodes.push(info);
    this.#nodeSet = ++lastNodeSet;
    this.#countTraits(info, 1);
    const waiting = this.#homeless.get(name);
    this.#homeless.delete(name);
    for (const pod of waiting?.values() ?? []) this.addPod(pod, name);
    return 'added';
  }

  removeNode(name: string): void {
    const index = this.#index.get(name);
    const info = index === undefined ? undefined : this.#nodes[index];
    if (index === undefined || !info) return;
    for (const pod of info.pods.values()) this.#podGone(pod, info);
    if (info.pods.size > 0) this.#homeless.set(name, new Map(info.pods));
    this.#ownNodeSet();
    this.#countTraits(info, -1);
    this.#nodes.splice(index, 1);
    this.#nodeSet = ++lastNodeSet;
    this.#index = new Map(this.#nodes.map((node, position) => [node.name, position]));
  }

  addPod(pod: PodInfo, nodeName: string): void {
    const index = this.#index.get(nodeName);
    if (index === undefined) {
      const waiting = this.#homeless.get(nodeName) ?? new Map<string, PodInfo>();
      this.#homeless.set(nodeName, waiting.set(pod.uid, pod));
      return;
    }
    const node = this.#writable(index);
    node.addPod(pod);
    this.#counts.podAdded(pod, node);
    this.#terms.podAdded(pod, node);
    this.#priorities.set(pod.priority, (this.#priorities.get(pod.priority) ?? 0) + 1);
  }

  removePod(uid: string, nodeName: string): void {
    const index = this.#index.get(nodeName);
    if (index === undefined) {
      const waiting = this.#homeless.get(nodeName);
      waiting?.delete(uid);
      if (waiting?.size === 0) this.#homeless.delete(nodeName);
      return;
    }
    const node = this.#writable(index);
    const removed = node.removePod(uid);
    if (removed) this.#podGone(removed, node);
  }

  /** Whether any pod of a lower priority runs anywhere. */
  hasBelow(priority: number): boolean {
    for (const known of this.#priorities.keys()) if (known < priority) return true;
    return false;
  }

  /** A private copy of this moment: changes on either side stay there. */
  fork(): Snapshot {
    const copy = new Snapshot();
    copy.#nodes = this.#nodes.slice();
    copy.#index = this.#index;
    copy.#homeless = new Map([...this.#homeless].map(([name, pods]) => [name, new Map(pods)]));
    copy.#images = new Map(this.#images);
    copy.#softTainted = this.#softTainted;
    copy.#counts = this.#counts.fork(copy.#epoch);
    copy.#terms = this.#terms.fork(copy.#epoch);
    copy.#nodeSet = this.#nodeSet;
    copy.#priorities = new Map(this.#priorities);
    copy.#nodeSetShared = true;
    this.#nodeSetShared = true;
    this.#epoch = ++lastEpoch;
    this.#counts = this.#counts.withEpoch(this.#epoch);
    this.#terms = this.#terms.withEpoch(this.#epoch);
    return copy;
  }

  #writable(index: number): NodeInfo {
    // The index always comes from #index, which covers exactly the positions of #nodes.
    let info = this.#nodes[index] as NodeInfo;
    if (info.epoch !== this.#epoch) {
      info = info.copy(this.#epoch);
      this.#nodes[index] = info;
    }
    return info;
  }

  #ownNodeSet(): void {
    if (!this.#nodeSetShared) return;
    this.#index = new Map(this.#index);
    this.#nodeSetShared = false;
  }

  #countTraits({ traits }: NodeInfo, by: 1 | -1): void {
    if (traits.softTaints.length > 0) this.#softTainted += by;
    for (const image of traits.images.keys()) {
      const next = (this.#images.get(image) ?? 0) + by;
      if (next === 0) this.#images.delete(image);
      else this.#images.set(image, next);
    }
  }

  /** The pod no longer counts; its node's own figures are the caller's. */
  #podGone(pod: PodInfo, node: NodeInfo): void {
    this.#counts.podRemoved(pod, node);
    this.#terms.podRemoved(pod, node);
    const left = (this.#priorities.get(pod.priority) ?? 0) - 1;
    if (left > 0) this.#priorities.set(pod.priority, left);
    else this.#priorities.delete(pod.priority);
  }
}
