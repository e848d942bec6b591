import type { Stored } from '@wheelhouse/shared/meta/object';
import type { EndpointAddress, EndpointPort, EndpointSubset, Pod, Service } from 'kubernetes-types/core/v1';
import { isReady } from '../machinery/pods';
import { addressOf, familiesOf, hasEndpoint, hostnameOf, targetPort } from '../serving/service-pods';

/** Kubernetes lists at most so many addresses in one Endpoints object; EndpointSlices have them all. */
const MAX_ADDRESSES = 1_000;

export interface EndpointsPlan {
  readonly subsets: EndpointSubset[];
  /** Some addresses were left out. */
  readonly truncated: boolean;
}

/**
 * The subsets of a service's Endpoints: ports that the same pods offer stand together, ready and not ready pods apart.
 * The order depends on addresses and ports alone, so that the same pods always give the same subsets.
 */
export function planEndpoints(service: Service, pods: readonly Stored<Pod>[]): EndpointsPlan {
  const publish = service.spec?.publishNotReadyAddresses === true;
  const family = familiesOf(service)[0] ?? 'IPv4';
  const offers: Offer[] = [];
  for (const pod of pods) {
    const ip = addressOf(pod, family);
    if (!ip || !hasEndpoint(pod, { includeTerminating: publish })) continue;
    const ready = publish || isReady(pod);
    const address = endpointAddress(pod, ip, service);
    const ports = portsOf(pod, service);
    // A service with ports of which this pod has none is not served by it; a headless one may have no ports at all.
    if (ports.length > 0 || !service.spec?.ports?.length) offers.push({ address, ready, ports });
  }
  offers.sort((a, b) => compareText(a.address.ip, b.address.ip) || compareText(uidOf(a), uidOf(b)));
  const kept = truncate(offers);
  return { subsets: group(kept), truncated: kept.length < offers.length };
}

interface Offer {
  readonly address: EndpointAddress;
  readonly ready: boolean;
  readonly ports: EndpointPort[];
}

function endpointAddress(pod: Stored<Pod>, ip: string, service: Service): EndpointAddress {
  const { namespace = '', name, uid } = pod.metadata;
  const hostname = hostnameOf(pod, service);
  return {
    ip,
    ...(hostname ? { hostname } : {}),
    ...(pod.spec?.nodeName ? { nodeName: pod.spec.nodeName } : {}),
    targetRef: { kind: 'Pod', namespace, name, uid },
  };
}

function portsOf(pod: Pod, service: Service): EndpointPort[] {
  const ports: EndpointPort[] = [];
  for (const servicePort of service.spec?.ports ?? []) {
    const port = targetPort(pod, servicePort);
    if (port === undefined) continue;
    const { name, protocol = 'TCP', appProtocol } = servicePort;
    ports.push({ ...(name ? { name } : {}), port, protocol, ...(appProtocol ? { appProtocol } : {}) });
  }
  return ports.sort((a, b) => compareText(portKey(a), portKey(b)));
}

/** Ready addresses are kept before those that are not. */
function truncate(offers: Offer[]): Offer[] {
  if (offers.length <= MAX_ADDRESSES) return offers;
  const kept = new Set(
    [...offers.filter(({ ready }) => ready), ...offers.filter(({ ready }) => !ready)].slice(0, MAX_ADDRESSES),
  );
  return offers.filter((offer) => kept.has(offer));
}

/** A port and who offers it; without a port: who offers none. */
interface Served {
  readonly port: EndpointPort | undefined;
  readonly members: Offer[];
}

/** Ports that the same pods offer share a subset; a pod with more ports than others stands in several. */
function group(offers: Offer[]): EndpointSubset[] {
  const byPort = new Map<string, Served>();
  for (const offer of offers) {
    for (const port of offer.ports.length > 0 ? offer.ports : [undefined]) {
      const key = port ? portKey(port) : '';
      const served = byPort.get(key);
      if (served) served.members.push(offer);
      else byPort.set(key, { port, members: [offer] });
    }
  }
  const byMembers = new Map<string, Served[]>();
  for (const [, served] of [...byPort].sort(([a], [b]) => compareText(a, b))) {
    const key = served.members.map((offer) => `${offer.address.ip} ${uidOf(offer)}`).join();
    const alike = byMembers.get(key);
    if (alike) alike.push(served);
    else byMembers.set(key, [served]);
  }
  return [...byMembers.values()].map((alike) => {
    const members = alike[0]?.members ?? [];
    const addresses = members.filter(({ ready }) => ready).map(({ address }) => address);
    const notReadyAddresses = members.filter(({ ready }) => !ready).map(({ address }) => address);
    const ports = alike.flatMap(({ port }) => (port ? [port] : []));
    return {
      ...(addresses.length ? { addresses } : {}),
      ...(notReadyAddresses.length ? { notReadyAddresses } : {}),
      ...(ports.length ? { ports } : {}),
    };
  });
}

const portKey = ({ name = '', port, protocol, appProtocol = '' }: EndpointPort) =>
  `${name}/${port}/${protocol}/${appProtocol}`;
const uidOf = (offer: Offer) => offer.address.targetRef?.uid ?? '';
const compareText = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0);
