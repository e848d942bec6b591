import type { Stored } from '@wheelhouse/shared/meta/object';
import type { EndpointAddress, EndpointSubset, Endpoints, Service } from 'kubernetes-types/core/v1';
import type { Endpoint, EndpointPort, EndpointSlice } from 'kubernetes-types/discovery/v1';
import { SliceGroups, type SlicePlan } from '../endpointslice/pack';
import { familyOf } from '../serving/service-pods';

const SKIP = 'endpointslice.kubernetes.io/skip-mirror';
/** Endpoints that serve old leader elections have no addresses to speak of. */
const LEADER = 'control-plane.alpha.kubernetes.io/leader';
/** Notes about the Endpoints object itself. */
const OWN_ANNOTATIONS = new Set([
  'endpoints.kubernetes.io/last-change-trigger-time',
  'kubectl.kubernetes.io/last-applied-configuration',
]);
/** As many addresses of one subset are mirrored, as in Kubernetes. */
const MAX_ENDPOINTS = 1_000;

/**
 * Whether the Endpoints are somebody's own: of a service without a selector, for which nobody else makes slices. Those
 * that the endpoints controller makes belong to services with one.
 */
export function isMirrored(endpoints: Endpoints, service: Service | undefined): boolean {
  if (!service || service.spec?.selector !== undefined) return false;
  const { labels, annotations, deletionTimestamp } = endpoints.metadata ?? {};
  return !deletionTimestamp && labels?.[SKIP] !== 'true' && annotations?.[LEADER] === undefined;
}

/** What must change so that the slices say what the Endpoints say: no slice where they have no address. */
export function planMirror(endpoints: Endpoints, existing: readonly Stored<EndpointSlice>[]): SlicePlan {
  const groups = new SliceGroups();
  for (const subset of endpoints.subsets ?? []) {
    const ports = portsOf(subset);
    const ready = (subset.addresses ?? []).slice(0, MAX_ENDPOINTS);
    const rest = (subset.notReadyAddresses ?? []).slice(0, MAX_ENDPOINTS - ready.length);
    const add = (address: EndpointAddress, isReady: boolean) => {
      const group = groups.of(familyOf(address.ip), ports);
      // Who stands in two subsets alike is ready if one of them says so.
      if (isReady || !group.has(address.ip)) group.set(address.ip, endpointOf(address, isReady));
    };
    for (const address of ready) add(address, true);
    for (const address of rest) add(address, false);
  }
  return groups.pack(existing, { max: MAX_ENDPOINTS, identify: ({ addresses }) => addresses[0] ?? '' });
}

/** Labels and annotations that the slices take over. */
export function inherited(endpoints: Endpoints): {
  readonly labels: Record<string, string>;
  readonly annotations: Record<string, string>;
} {
  const { labels = {}, annotations = {} } = endpoints.metadata ?? {};
  const kept = Object.entries(annotations).filter(([key]) => !OWN_ANNOTATIONS.has(key));
  return { labels, annotations: Object.fromEntries(kept) };
}

function portsOf({ ports = [] }: EndpointSubset): EndpointPort[] {
  return ports.map(({ name = '', port, protocol = 'TCP', appProtocol }) => ({
    name,
    port,
    protocol,
    ...(appProtocol ? { appProtocol } : {}),
  }));
}

function endpointOf({ ip, hostname, nodeName, targetRef }: EndpointAddress, ready: boolean): Endpoint {
  return {
    addresses: [ip],
    conditions: { ready },
    ...(hostname ? { hostname } : {}),
    ...(targetRef ? { targetRef } : {}),
    ...(nodeName ? { nodeName } : {}),
  };
}
