import type { Stored } from '@wheelhouse/shared/meta/object';
import type { Pod, Service } from 'kubernetes-types/core/v1';
import type { Endpoint, EndpointPort, EndpointSlice } from 'kubernetes-types/discovery/v1';
import { isReady } from '../machinery/pods';
import { addressOf, familiesOf, hasEndpoint, hostnameOf, targetPort } from '../serving/service-pods';
import { NO_TOPOLOGY, setHints, type Topology } from './hints';
import { SliceGroups, type SlicePlan } from './pack';

export const MAX_ENDPOINTS = 100;

export interface ServiceSlicePlan extends SlicePlan {
  /** Why the service gets no hints although it asks for them by its topology mode. */
  readonly unhinted: string | undefined;
}

/**
 * What must change so that the slices hold the service's pods: at most 100 endpoints each, one set of ports and one
 * address family a slice.
 */
export function planSlices(
  service: Service,
  pods: readonly Stored<Pod>[],
  existing: readonly Stored<EndpointSlice>[],
  topology: Topology = NO_TOPOLOGY,
): ServiceSlicePlan {
  const groups = new SliceGroups();
  let unhinted: string | undefined;
  for (const family of familiesOf(service)) {
    const placed: { readonly group: Map<string, Endpoint>; readonly uid: string; endpoint: Endpoint }[] = [];
    for (const pod of pods) {
      const ip = addressOf(pod, family);
      if (!ip || !hasEndpoint(pod, { includeTerminating: true })) continue;
      const group = groups.of(family, slicePorts(pod, service));
      placed.push({ group, uid: pod.metadata.uid, endpoint: endpointOf(pod, ip, service, topology) });
    }
    // A service without pods has one empty slice, so that readers can tell "none" from "not looked at yet".
    if (placed.length === 0) groups.of(family, []);
    const hinted = setHints(
      service,
      placed.map(({ endpoint }) => endpoint),
      topology,
    );
    if (hinted.problem) unhinted = `${hinted.problem}, addressType: ${family}`;
    placed.forEach(({ group, uid, endpoint }, index) => {
      group.set(uid, hinted.endpoints[index] ?? endpoint);
    });
  }
  const identify = ({ targetRef }: Endpoint) => targetRef?.uid ?? '';
  return { ...groups.pack(existing, { max: MAX_ENDPOINTS, identify }), unhinted };
}

function endpointOf(pod: Stored<Pod>, ip: string, service: Service, { zoneOf }: Topology): Endpoint {
  const { namespace = '', name, uid, deletionTimestamp } = pod.metadata;
  const serving = isReady(pod);
  const terminating = deletionTimestamp !== undefined;
  const nodeName = pod.spec?.nodeName;
  const zone = nodeName ? zoneOf(nodeName) : undefined;
  const hostname = hostnameOf(pod, service);
  return {
    addresses: [ip],
    conditions: {
      ready: service.spec?.publishNotReadyAddresses === true || (serving && !terminating),
      serving,
      terminating,
    },
    ...(hostname ? { hostname } : {}),
    targetRef: { kind: 'Pod', namespace, name, uid },
    ...(nodeName ? { nodeName } : {}),
    ...(zone ? { zone } : {}),
  };
}

function slicePorts(pod: Pod, service: Service): EndpointPort[] {
  const ports: EndpointPort[] = [];
  for (const servicePort of service.spec?.ports ?? []) {
    const port = targetPort(pod, servicePort);
    if (port === undefined) continue;
    const { name = '', protocol = 'TCP', appProtocol } = servicePort;
    ports.push({ name, port, protocol, ...(appProtocol ? { appProtocol } : {}) });
  }
  return ports;
}
