import type { Stored } from '@wheelhouse/shared/meta/object';
import type { Pod, Service } from 'kubernetes-types/core/v1';
import type { Endpoint, EndpointPort, EndpointSlice } from 'kubernetes-types/discovery/v1';
import { isReady } from '../machinery/pods';
import { sameJson } from '../machinery/same-json';
import {
  addressOf,
  familiesOf,
  hasEndpoint,
  hostnameOf,
  type IpFamily,
  targetPort,
} from '../serving/service-pods';

export const MAX_ENDPOINTS = 100;

/** The part of a slice that follows from the pods. */
export interface SliceContent {
  readonly addressType: IpFamily;
  readonly ports: EndpointPort[];
  readonly endpoints: Endpoint[];
}

export interface SlicePlan {
  readonly create: SliceContent[];
  readonly update: { readonly slice: Stored<EndpointSlice>; readonly endpoints: Endpoint[] }[];
  readonly remove: Stored<EndpointSlice>[];
}

/**
 * What must change so that the slices hold the service's pods: at most 100 endpoints each, one set of ports and one
 * address family a slice. As few slices as possible are written: what stays correct stays where it is; new
 * endpoints go first into slices that change anyway, then into one that has room, then into new ones.
 */
export function planSlices(
  service: Service,
  pods: readonly Stored<Pod>[],
  existing: readonly Stored<EndpointSlice>[],
  zoneOf: (nodeName: string) => string | undefined = () => undefined,
): SlicePlan {
  const groups = desiredGroups(service, pods, zoneOf);
  const plan: SlicePlan = { create: [], update: [], remove: [] };
  for (const slice of existing) {
    const key = groupKey(slice.addressType, slice.ports ?? []);
    const group = groups.get(key);
    if (group) group.slices.push(slice);
    else plan.remove.push(slice);
  }
  for (const group of groups.values()) distribute(group, plan);
  return plan;
}

interface Group {
  readonly content: Omit<SliceContent, 'endpoints'>;
  /** Desired endpoints by pod UID. */
  readonly endpoints: Map<string, Endpoint>;
  readonly slices: Stored<EndpointSlice>[];
}

function desiredGroups(
  service: Service,
  pods: readonly Stored<Pod>[],
  zoneOf: (nodeName: string) => string | undefined,
): Map<string, Group> {
  const groups = new Map<string, Group>();
  const groupFor = (addressType: IpFamily, ports: EndpointPort[]) => {
    const key = groupKey(addressType, ports);
    let group = groups.get(key);
    if (!group) {
      group = { content: { addressType, ports }, endpoints: new Map(), slices: [] };
      groups.set(key, group);
    }
    return group;
  };
  for (const family of familiesOf(service)) {
    let any = false;
    for (const pod of pods) {
      const ip = addressOf(pod, family);
      if (!ip || !hasEndpoint(pod, { includeTerminating: true })) continue;
      any = true;
      const group = groupFor(family, slicePorts(pod, service));
      group.endpoints.set(pod.metadata.uid, endpointOf(pod, ip, service, zoneOf));
    }
    // A service without pods has one empty slice, so that readers can tell "none" from "not looked at yet".
    if (!any) groupFor(family, []);
  }
  return groups;
}

function endpointOf(
  pod: Stored<Pod>,
  ip: string,
  service: Service,
  zoneOf: (nodeName: string) => string | undefined,
): Endpoint {
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

function distribute(group: Group, plan: SlicePlan): void {
  const waiting = new Map(group.endpoints);
  const kept: { slice: Stored<EndpointSlice>; endpoints: Endpoint[]; changed: boolean }[] = [];
  for (const slice of group.slices) {
    const endpoints: Endpoint[] = [];
    let changed = false;
    for (const endpoint of slice.endpoints ?? []) {
      const uid = endpoint.targetRef?.uid ?? '';
      const wanted = waiting.get(uid);
      waiting.delete(uid);
      if (wanted && sameJson(wanted, endpoint)) endpoints.push(endpoint);
      else {
        changed = true;
        if (wanted) endpoints.push(wanted);
      }
    }
    kept.push({ slice, endpoints, changed });
  }
  const rest = [...waiting.values()];
  const fill = (entry: (typeof kept)[number]) => {
    entry.endpoints.push(...rest.splice(0, MAX_ENDPOINTS - entry.endpoints.length));
    entry.changed = true;
  };
  for (const entry of kept.filter(({ changed, endpoints }) => changed && endpoints.length < MAX_ENDPOINTS)) {
    if (rest.length > 0) fill(entry);
  }
  while (rest.length >= MAX_ENDPOINTS)
    plan.create.push({ ...group.content, endpoints: rest.splice(0, MAX_ENDPOINTS) });
  if (rest.length > 0) {
    // The fullest slice in which all of the rest fits.
    const [roomy] = kept
      .filter(({ endpoints }) => endpoints.length + rest.length <= MAX_ENDPOINTS)
      .sort((a, b) => b.endpoints.length - a.endpoints.length);
    if (roomy) fill(roomy);
    else plan.create.push({ ...group.content, endpoints: rest.splice(0) });
  }
  const filled = kept.filter(({ endpoints }) => endpoints.length > 0);
  const wantsEmpty = filled.length === 0 && group.endpoints.size === 0;
  const [spare] = kept;
  if (wantsEmpty && !spare) plan.create.push({ ...group.content, endpoints: [] });
  for (const entry of kept) {
    if (entry.endpoints.length === 0 && !(wantsEmpty && entry === spare)) plan.remove.push(entry.slice);
    else if (entry.changed) plan.update.push({ slice: entry.slice, endpoints: entry.endpoints });
  }
}

function groupKey(addressType: string, ports: readonly EndpointPort[]): string {
  const texts = ports.map(
    ({ name = '', port, protocol, appProtocol = '' }) => `${name}/${port}/${protocol}/${appProtocol}`,
  );
  return `${addressType} ${texts.sort().join()}`;
}
