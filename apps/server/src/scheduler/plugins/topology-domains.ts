import type { NodeInfo } from '../snapshot/node-info';
import type { SnapshotView } from '../snapshot/snapshot';

/** Adds counts of nodes up to counts of their domains (the values of a topology label). */
export function countDomains(
  snapshot: SnapshotView,
  perNode: ReadonlyMap<string, number>,
  topologyKey: string,
): Map<string, number> {
  const domains = new Map<string, number>();
  for (const [name, count] of perNode) {
    const node = snapshot.node(name);
    const domain = node && domainOf(node, topologyKey);
    if (domain !== undefined) domains.set(domain, (domains.get(domain) ?? 0) + count);
  }
  return domains;
}

export function domainOf(node: NodeInfo, topologyKey: string): string | undefined {
  return node.traits.labels[topologyKey];
}
