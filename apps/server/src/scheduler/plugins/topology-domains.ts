import { HOSTNAME_LABEL, type NodeInfo, ZONE_LABEL } from '../snapshot/node-info';

/** The node's value of a topology label. Asked for every node of every decision: the usual labels are at hand. */
export function domainOf({ traits }: NodeInfo, topologyKey: string): string | undefined {
  if (topologyKey === HOSTNAME_LABEL) return traits.hostname;
  if (topologyKey === ZONE_LABEL) return traits.zone;
  return traits.labels[topologyKey];
}
