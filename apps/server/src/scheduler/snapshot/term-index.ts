import type { AffinityTerm } from './affinity-term';
import type { NodeInfo } from './node-info';
import type { PodInfo } from './pod-info';

/** `required`: anti-affinity that keeps others away. `near`: required affinity. `preferred`: both, by weight. */
export type TermRole = 'required' | 'near' | 'preferred';

/** A term of pods that run, with how many such pods each of its domains holds. */
export interface PlacedTerm {
  readonly term: AffinityTerm;
  readonly role: TermRole;
  readonly weight: number;
  /** Pods by domain, none with 0. Live: it changes with the snapshot. */
  readonly domains: ReadonlyMap<string, number>;
}

interface Entry extends PlacedTerm {
  readonly domains: Map<string, number>;
  readonly epoch: number;
}

/** For terms that say more than names of namespaces. */
const ANY_NAMESPACE = '';

/**
 * What the pods that run say about others, by distinct term: thousands of replicas with one rule are one entry. Kept
 * up to date as pods come and go. A fork shares entries until either side changes one.
 */
export class TermIndex {
  /** By a namespace that the term is about, then by role, weight and signature. */
  #byNamespace = new Map<string, Map<string, Entry>>();

  constructor(private readonly epoch: number) {}

  /** The terms that may be about pods of the namespace. */
  *about(namespace: string): Iterable<PlacedTerm> {
    yield* this.#byNamespace.get(namespace)?.values() ?? [];
    yield* this.#byNamespace.get(ANY_NAMESPACE)?.values() ?? [];
  }

  podAdded(pod: PodInfo, node: NodeInfo): void {
    this.#change(pod, node, 1);
  }

  podRemoved(pod: PodInfo, node: NodeInfo): void {
    this.#change(pod, node, -1);
  }

  fork(epoch: number): TermIndex {
    const copy = new TermIndex(epoch);
    for (const [namespace, group] of this.#byNamespace) copy.#byNamespace.set(namespace, new Map(group));
    return copy;
  }

  /** The same entries under a new epoch: what a snapshot continues with after it was forked. */
  withEpoch(epoch: number): TermIndex {
    const same = new TermIndex(epoch);
    same.#byNamespace = this.#byNamespace;
    return same;
  }

  #change(pod: PodInfo, node: NodeInfo, by: 1 | -1): void {
    const { affinity, antiAffinity, preferred } = pod.terms;
    for (const term of antiAffinity) this.#count({ term, role: 'required', weight: 1 }, node, by);
    for (const term of affinity) this.#count({ term, role: 'near', weight: 1 }, node, by);
    for (const { term, weight } of preferred) this.#count({ term, role: 'preferred', weight }, node, by);
  }

  #count(placed: Omit<PlacedTerm, 'domains'>, node: NodeInfo, by: 1 | -1): void {
    const { term, role, weight } = placed;
    const domain = node.traits.labels[term.topologyKey];
    if (domain === undefined) return;
    const key = `${role} ${weight} ${term.signature}`;
    const namespaces = term.namespaceSelector ? [ANY_NAMESPACE] : new Set(term.namespaces);
    for (const namespace of namespaces) {
      const group = this.#byNamespace.get(namespace) ?? new Map<string, Entry>();
      this.#byNamespace.set(namespace, group);
      let entry = group.get(key);
      if (entry?.epoch !== this.epoch) {
        entry = { ...placed, domains: new Map(entry?.domains), epoch: this.epoch };
        group.set(key, entry);
      }
      const next = (entry.domains.get(domain) ?? 0) + by;
      if (next > 0) entry.domains.set(domain, next);
      else entry.domains.delete(domain);
      if (entry.domains.size > 0) continue;
      group.delete(key);
      if (group.size === 0) this.#byNamespace.delete(namespace);
    }
  }
}
