import type { NodeInfo } from '../snapshot/node-info';

/** The node's value of a topology label. */
export function domainOf(node: NodeInfo, topologyKey: string): string | undefined {
  return node.traits.labels[topologyKey];
}
