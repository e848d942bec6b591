import type { Service } from '@wheelhouse/shared/kinds/core/service';
import type { EndpointSlice } from '@wheelhouse/shared/kinds/discovery/endpoint-slice';

/** What the zone needs to know of the cluster; served by informers. */
export interface ClusterView {
  service(namespace: string, name: string): Service | undefined;
  slices(namespace: string, service: string): readonly EndpointSlice[];
  hasNamespace(namespace: string): boolean;
  /** Services that have this cluster IP, and endpoints of headless services with this address. */
  namesOfAddress(address: string): readonly string[];
}

/** An answer of the cluster's zone. Names are absolute, in lower case, without the final dot. */
export type ZoneRecord =
  | { readonly type: 'A' | 'AAAA'; readonly name: string; readonly address: string }
  | { readonly type: 'CNAME' | 'PTR'; readonly name: string; readonly target: string }
  | { readonly type: 'SRV'; readonly name: string; readonly target: string; readonly port: number }
  | { readonly type: 'TXT'; readonly name: string; readonly text: string };

export type ZoneAnswer =
  /** Records of all types that the name has; possibly none of the type asked for. */
  | {
      readonly kind: 'found';
      readonly records: readonly ZoneRecord[];
      readonly additional: readonly ZoneRecord[];
    }
  | { readonly kind: 'no-such-name' }
  /** Not a name of this zone: ask upstream. */
  | { readonly kind: 'elsewhere' };

const found = (records: readonly ZoneRecord[], additional: readonly ZoneRecord[] = []): ZoneAnswer => ({
  kind: 'found',
  records,
  additional,
});
const NO_SUCH_NAME: ZoneAnswer = { kind: 'no-such-name' };
const ELSEWHERE: ZoneAnswer = { kind: 'elsewhere' };

/**
 * What the cluster's zone knows of `name`. Pure. Implements Kubernetes' DNS-based service discovery, version 1.1.0:
 * services, headless services with their endpoints, named ports, external names, pods by address, and reverse names.
 */
export function lookUp(name: string, domain: string, view: ClusterView): ZoneAnswer {
  const reverse = addressOfReverseName(name);
  if (reverse !== undefined) {
    const names = view.namesOfAddress(reverse);
    // Addresses of other networks are other people's to name.
    return names.length === 0
      ? ELSEWHERE
      : found(names.map((target) => ({ type: 'PTR', name, target: `${target}.${domain}` })));
  }
  if (name === domain) return found([]);
  if (!name.endsWith(`.${domain}`)) return ELSEWHERE;
  const labels = name.slice(0, -domain.length - 1).split('.');
  if (labels.length === 1 && labels[0] === 'dns-version')
    return found([{ type: 'TXT', name, text: '1.1.0' }]);
  const area = labels.at(-1);
  if (area === 'svc') return lookUpService(name, labels.slice(0, -1), { view, domain });
  if (area === 'pod') return lookUpPod(name, labels.slice(0, -1), view);
  return NO_SUCH_NAME;
}

interface Zone {
  readonly view: ClusterView;
  readonly domain: string;
}

function lookUpService(name: string, labels: readonly string[], zone: Zone): ZoneAnswer {
  // From the right: namespace, service, then a host name or `_port._protocol`.
  const [namespace, serviceName, ...rest] = labels.toReversed();
  if (namespace === undefined) return found([]);
  if (serviceName === undefined) return zone.view.hasNamespace(namespace) ? found([]) : NO_SUCH_NAME;
  const service = zone.view.service(namespace, serviceName);
  if (!service) return NO_SUCH_NAME;
  if (service.spec?.type === 'ExternalName') {
    const target = service.spec.externalName;
    return rest.length === 0 && target ? found([{ type: 'CNAME', name, target }]) : NO_SUCH_NAME;
  }
  const [last, first] = rest;
  if (last === undefined) return found(addressesOf(name, service, zone.view));
  if (first === undefined) return hostOf(name, last, service, zone.view);
  return rest.length === 2 ? portsOf({ name, port: first, protocol: last }, service, zone) : NO_SUCH_NAME;
}

const isHeadless = (service: Service): boolean => service.spec?.clusterIP === 'None';

function addressesOf(name: string, service: Service, view: ClusterView): ZoneRecord[] {
  const addresses = isHeadless(service)
    ? endpointsOf(service, view).flatMap((endpoint) => endpoint.addresses)
    : (service.spec?.clusterIPs ?? [service.spec?.clusterIP ?? '']).filter((address) => address !== '');
  return addresses.map((address) => addressRecord(name, address));
}

const addressRecord = (name: string, address: string): ZoneRecord => ({
  type: address.includes(':') ? 'AAAA' : 'A',
  name,
  address,
});

type SliceEndpoint = EndpointSlice['endpoints'][number];

function endpointsOf(service: Service, view: ClusterView): SliceEndpoint[] {
  const { namespace = '', name = '' } = service.metadata ?? {};
  const all = view.slices(namespace, name).flatMap((slice) => slice.endpoints);
  return service.spec?.publishNotReadyAddresses
    ? all
    : all.filter((endpoint) => endpoint.conditions?.ready ?? true);
}

/** The label under which an endpoint of a headless service can be asked for: its host name, or its address. */
const hostLabel = (endpoint: SliceEndpoint, address: string): string =>
  endpoint.hostname ?? address.replaceAll(/[.:]/g, '-');

function hostOf(name: string, host: string, service: Service, view: ClusterView): ZoneAnswer {
  if (!isHeadless(service)) return NO_SUCH_NAME;
  const records = endpointsOf(service, view).flatMap((endpoint) =>
    endpoint.addresses
      .filter((address) => hostLabel(endpoint, address) === host)
      .map((address) => addressRecord(name, address)),
  );
  return records.length > 0 ? found(records) : NO_SUCH_NAME;
}

function portsOf(
  asked: { readonly name: string; readonly port: string; readonly protocol: string },
  service: Service,
  { view, domain }: Zone,
): ZoneAnswer {
  const { namespace = '', name: serviceName = '' } = service.metadata ?? {};
  const base = `${serviceName}.${namespace}.svc.${domain}`;
  const matches = (port: { name?: string; protocol?: string }) =>
    `_${port.name ?? ''}` === asked.port && `_${(port.protocol ?? 'TCP').toLowerCase()}` === asked.protocol;
  if (!isHeadless(service)) {
    const port = service.spec?.ports?.find(matches);
    if (!port) return NO_SUCH_NAME;
    return found(
      [{ type: 'SRV', name: asked.name, target: base, port: port.port }],
      addressesOf(base, service, view),
    );
  }
  const ready = new Set(endpointsOf(service, view));
  const targets = view.slices(namespace, serviceName).flatMap((slice) => {
    const number = slice.ports?.find(matches)?.port;
    if (number === undefined) return [];
    return slice.endpoints
      .filter((endpoint) => ready.has(endpoint))
      .flatMap((endpoint) =>
        endpoint.addresses.map((address) => ({
          target: `${hostLabel(endpoint, address)}.${base}`,
          address,
          port: number,
        })),
      );
  });
  if (targets.length === 0) return NO_SUCH_NAME;
  return found(
    targets.map(({ target, port }) => ({ type: 'SRV', name: asked.name, target, port })),
    targets.map(({ target, address }) => addressRecord(target, address)),
  );
}

function lookUpPod(name: string, labels: readonly string[], view: ClusterView): ZoneAnswer {
  const [address, namespace] = labels;
  if (namespace === undefined || labels.length !== 2 || !view.hasNamespace(namespace)) return NO_SUCH_NAME;
  const parts = (address ?? '').split('-').map(Number);
  const valid =
    parts.length === 4 && parts.every((part) => Number.isInteger(part) && part >= 0 && part <= 255);
  return valid ? found([{ type: 'A', name, address: parts.join('.') }]) : NO_SUCH_NAME;
}

/** `9.0.96.10.in-addr.arpa` → `10.96.0.9`. */
function addressOfReverseName(name: string): string | undefined {
  const match = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.in-addr\.arpa$/.exec(name);
  return match ? match.slice(1, 5).reverse().join('.') : undefined;
}
