import type { NodeInfo } from './node-info';

/** By which label pods are counted, and on which nodes. */
export interface DomainQuery {
  readonly topologyKey: string;
  /**
   * Set: only pods on such nodes count, and every domain that has such a node is there, with 0 if need be.
   * Unset: all nodes count, and only domains with pods are there.
   */
  readonly eligible?: NodeTest;
}

/** A question about nodes alone, whatever runs on them. */
export interface NodeTest {
  /** Equal keys mean equal questions. */
  readonly key: string;
  test(node: NodeInfo): boolean;
}

/**
 * Pods per topology domain (value of a node label). Knows the least count of all domains without looking at them:
 * it counts how many domains hold each number. Example: zones a=2, b=1, c=1 → `holding` is {1: 2, 2: 1}, least 1.
 */
export class DomainCount {
  readonly #counts = new Map<string, number>();
  readonly #holding = new Map<number, number>();
  #least = 0;

  constructor(
    private readonly query: DomainQuery,
    /** The set of nodes that this was counted over, see `CountedCluster`. */
    readonly nodeSet: number,
  ) {}

  /** Pods by domain. Live: it changes with the snapshot. */
  get counts(): ReadonlyMap<string, number> {
    return this.#counts;
  }

  /** The least of any domain; 0 when there is no domain. */
  get least(): number {
    return this.#least;
  }

  countAll(nodes: readonly NodeInfo[], perNode: ReadonlyMap<string, number>): void {
    const { topologyKey, eligible } = this.query;
    for (const node of nodes) {
      const domain = node.traits.labels[topologyKey];
      if (domain === undefined) continue;
      const count = perNode.get(node.name) ?? 0;
      if (eligible ? !eligible.test(node) : count === 0) continue;
      this.#counts.set(domain, (this.#counts.get(domain) ?? 0) + count);
    }
    this.#least = this.#counts.size === 0 ? 0 : Number.POSITIVE_INFINITY;
    for (const count of this.#counts.values()) {
      this.#holding.set(count, (this.#holding.get(count) ?? 0) + 1);
      if (count < this.#least) this.#least = count;
    }
  }

  bump(node: NodeInfo, by: 1 | -1): void {
    const { topologyKey, eligible } = this.query;
    const domain = node.traits.labels[topologyKey];
    if (domain === undefined || (eligible && !eligible.test(node))) return;
    const before = this.#counts.get(domain) ?? 0;
    const after = before + by;
    if (after === 0 && !eligible) this.#counts.delete(domain);
    else this.#counts.set(domain, after);
    // Nobody asks for the least where domains without pods are left out.
    if (eligible) this.#move(before, after);
  }

  copy(): DomainCount {
    const same = new DomainCount(this.query, this.nodeSet);
    for (const [domain, count] of this.#counts) same.#counts.set(domain, count);
    for (const [count, domains] of this.#holding) same.#holding.set(count, domains);
    same.#least = this.#least;
    return same;
  }

  #move(before: number, after: number): void {
    const left = (this.#holding.get(before) ?? 0) - 1;
    if (left > 0) this.#holding.set(before, left);
    else this.#holding.delete(before);
    this.#holding.set(after, (this.#holding.get(after) ?? 0) + 1);
    if (after < this.#least) this.#least = after;
    // The last domain with the least moved up by one, so that is the least now.
    else if (before === this.#least && left <= 0) this.#least = after;
  }
}
