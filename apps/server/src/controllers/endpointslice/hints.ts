import { quantityMillis } from '@wheelhouse/shared/meta/quantity';
import type { Node, Service } from 'kubernetes-types/core/v1';
import type { Endpoint } from 'kubernetes-types/discovery/v1';

const ZONE = 'topology.kubernetes.io/zone';
const MODE = 'service.kubernetes.io/topology-mode';
/** The same, until Kubernetes 1.27. */
const FORMER_MODE = 'service.kubernetes.io/topology-aware-hints';
const CONTROL_PLANE = ['node-role.kubernetes.io/control-plane', 'node-role.kubernetes.io/master'];
/** How much more than its share an endpoint may get. */
const OVERLOAD = 0.2;

export interface Topology {
  zoneOf(node: string): string | undefined;
  /** CPU of each zone as its share of all; undefined while some node does not say its zone or its CPU. */
  readonly shares: ReadonlyMap<string, number> | undefined;
}

export const NO_TOPOLOGY: Topology = { zoneOf: () => undefined, shares: undefined };

/** What the nodes say of zones: those that work, without those that only run the control plane. */
export function topologyOf(nodes: readonly Node[]): Topology {
  const zones = new Map(nodes.map(({ metadata }) => [metadata?.name, metadata?.labels?.[ZONE]]));
  return { zoneOf: (node) => zones.get(node), shares: sharesOf(nodes.filter(serves)) };
}

function sharesOf(nodes: readonly Node[]): ReadonlyMap<string, number> | undefined {
  const cpu = new Map<string, number>();
  let total = 0;
  for (const { metadata, status } of nodes) {
    const zone = metadata?.labels?.[ZONE];
    const millis = quantityMillis(status?.allocatable?.cpu ?? '0');
    if (!zone || millis <= 0) return undefined;
    cpu.set(zone, (cpu.get(zone) ?? 0) + millis);
    total += millis;
  }
  return new Map([...cpu].sort().map(([zone, millis]) => [zone, millis / total]));
}

function serves({ metadata, status }: Node): boolean {
  const ready = status?.conditions?.some(({ type, status: is }) => type === 'Ready' && is === 'True');
  return ready === true && !CONTROL_PLANE.some((label) => metadata?.labels?.[label] !== undefined);
}

/** Whether two states of a node mean the same for zones. */
export function sameTopology(a: Node, b: Node): boolean {
  const facts = (node: Node) =>
    [node.metadata?.labels?.[ZONE], node.status?.allocatable?.cpu, serves(node)].join();
  return facts(a) === facts(b);
}

/** Whether a service's endpoints say for which zone they are. */
export function wantsHints(service: Service): 'own-zone' | 'proportional' | undefined {
  const mode = service.metadata?.annotations?.[MODE] ?? service.metadata?.annotations?.[FORMER_MODE];
  if (mode === 'Auto' || mode === 'auto') return 'proportional';
  return service.spec?.trafficDistribution === 'PreferClose' ? 'own-zone' : undefined;
}

/**
 * The endpoints with hints for whom they are. `trafficDistribution: PreferClose`: for their own zone. Topology mode
 * `Auto`: each zone has endpoints after its CPU; where they stand otherwise some are lent to other zones, as few as
 * keep every endpoint's load below its share and a fifth. Where that cannot be, no endpoint has a hint.
 */
export function setHints(
  service: Service,
  endpoints: readonly Endpoint[],
  { shares }: Topology,
): { readonly endpoints: readonly Endpoint[]; readonly problem?: string } {
  const mode = wantsHints(service);
  if (!mode) return { endpoints };
  const isReady = ({ conditions }: Endpoint) => conditions?.ready === true;
  if (mode === 'own-zone') {
    return { endpoints: endpoints.map((one) => (isReady(one) && one.zone ? forZone(one, one.zone) : one)) };
  }
  const ready = endpoints.filter(isReady);
  const zones = shares && zonesFor(ready, shares);
  if (!zones) return { endpoints, problem: NO_NODE_INFORMATION };
  if (typeof zones === 'string') return { endpoints, problem: zones };
  return {
    endpoints: endpoints.map((one) => {
      const zone = zones.get(one);
      return zone === undefined ? one : forZone(one, zone);
    }),
  };
}

const NO_NODE_INFORMATION =
  'Insufficient Node information: allocatable CPU or zone not specified on one or more nodes';

const forZone = (endpoint: Endpoint, name: string): Endpoint => ({
  ...endpoint,
  hints: { forZones: [{ name }] },
});

/** The zone that each ready endpoint is for, or why they cannot be shared out. */
function zonesFor(
  ready: readonly Endpoint[],
  shares: ReadonlyMap<string, number>,
): ReadonlyMap<Endpoint, string> | string {
  if (shares.size < 2) return 'Nodes only ready in one zone';
  if (ready.length < shares.size) return `Insufficient number of endpoints (${ready.length})`;
  const members = new Map<string, Endpoint[]>([...shares.keys()].map((zone) => [zone, []]));
  for (const endpoint of [...ready].sort(byAddress)) {
    if (!endpoint.zone) return 'One or more endpoints do not have a zone specified';
    const list = members.get(endpoint.zone);
    if (!list) return NO_NODE_INFORMATION;
    list.push(endpoint);
  }
  const least = new Map([...shares].map(([zone, share]) => [zone, fewest(share, ready.length)]));
  if ([...least.values()].reduce((sum, count) => sum + count, 0) > ready.length) {
    return 'Unable to allocate minimum required endpoints to each zone without exceeding overload threshold';
  }
  /** Beyond what the zone needs to carry its own load. */
  const spare = (zone: string) => (members.get(zone)?.length ?? 0) - (least.get(zone) ?? 0);
  for (const zone of shares.keys()) {
    while (spare(zone) < 0) {
      const giver = [...shares.keys()].reduce((a, b) => (spare(b) > spare(a) ? b : a));
      const lent = members.get(giver)?.pop();
      if (lent) members.get(zone)?.push(lent);
    }
  }
  return new Map([...members].flatMap(([zone, list]) => list.map((endpoint) => [endpoint, zone] as const)));
}

const fewest = (share: number, endpoints: number) => Math.ceil((share * endpoints) / (1 + OVERLOAD));

function byAddress(a: Endpoint, b: Endpoint): number {
  const [left = '', right = ''] = [a.addresses[0], b.addresses[0]];
  return left < right ? -1 : left > right ? 1 : 0;
}
