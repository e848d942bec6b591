import type { Stored } from '@wheelhouse/shared/meta/object';
import type { Pod, Service, ServicePort } from 'kubernetes-types/core/v1';
import { labelIndexValue } from '../machinery/indexes';
import type { ObjectCache } from '../machinery/object-cache';
import { isFinished, isReady } from '../machinery/pods';
import { mapMatcher } from '../machinery/selectors';

/** True when endpoints of this service are made from its pods; otherwise they are somebody else's affair. */
export function selectsPods(service: Service): boolean {
  return Object.keys(service.spec?.selector ?? {}).length > 0 && service.spec?.type !== 'ExternalName';
}

/** The pods that the service selects, whatever their state. */
export function podsOf(service: Stored<Service>, pods: ObjectCache<Pod>): Stored<Pod>[] {
  const [first, ...rest] = Object.entries(service.spec?.selector ?? {});
  if (!first) return [];
  const candidates = pods.byIndex('label', labelIndexValue(service.metadata.namespace, first[0], first[1]));
  if (rest.length === 0) return candidates;
  const matches = mapMatcher(service.spec?.selector);
  return candidates.filter(({ metadata }) => matches(metadata.labels));
}

/** Can receive connections now or is about to: has an address and has not finished. */
export function hasEndpoint(pod: Pod, options: { includeTerminating: boolean }): boolean {
  if (isFinished(pod)) return false;
  if (!pod.status?.podIP && !pod.status?.podIPs?.length) return false;
  return options.includeTerminating || !pod.metadata?.deletionTimestamp;
}

export type IpFamily = 'IPv4' | 'IPv6';

/** The pod's address of a family. */
export function addressOf(pod: Pod, family: IpFamily): string | undefined {
  const addresses = pod.status?.podIPs?.map(({ ip }) => ip) ?? [pod.status?.podIP];
  return addresses.find((ip) => ip !== undefined && familyOf(ip) === family);
}

export function familyOf(ip: string): IpFamily {
  return ip.includes(':') ? 'IPv6' : 'IPv4';
}

/** The families that the service is served in; IPv4 where the API has not said. */
export function familiesOf(service: Service): IpFamily[] {
  const families = service.spec?.ipFamilies?.filter(
    (name): name is IpFamily => name === 'IPv4' || name === 'IPv6',
  );
  if (families?.length) return families;
  const ip = service.spec?.clusterIP;
  return [ip && ip !== 'None' ? familyOf(ip) : 'IPv4'];
}

/**
 * The number that a service port means on this pod: the target port, or the container port of that name and the
 * same protocol. Undefined when the pod has no such port.
 */
export function targetPort(pod: Pod, port: ServicePort): number | undefined {
  const target = port.targetPort ?? port.port;
  if (typeof target === 'number') return target || port.port;
  const protocol = port.protocol ?? 'TCP';
  // Sidecars (init containers that keep running) may serve too.
  const sidecars = (pod.spec?.initContainers ?? []).filter((container) => isSidecar(container));
  for (const container of [...(pod.spec?.containers ?? []), ...sidecars]) {
    const match = container.ports?.find(({ name, protocol: p = 'TCP' }) => name === target && p === protocol);
    if (match) return match.containerPort;
  }
  return undefined;
}

/** `restartPolicy` of a container is younger than the generated types. */
function isSidecar(container: object): boolean {
  return Reflect.get(container, 'restartPolicy') === 'Always';
}

/** Set when DNS gives the pod a name of its own below the service's. */
export function hostnameOf(pod: Pod, service: Service): string | undefined {
  const { hostname, subdomain } = pod.spec ?? {};
  return hostname && subdomain === service.metadata?.name ? hostname : undefined;
}

/** Whether a pod's change can matter to any endpoint. */
export function servesAlike(a: Pod, b: Pod): boolean {
  return (
    a.status?.podIP === b.status?.podIP &&
    a.status?.phase === b.status?.phase &&
    isReady(a) === isReady(b) &&
    a.metadata?.deletionTimestamp === b.metadata?.deletionTimestamp &&
    a.spec?.nodeName === b.spec?.nodeName &&
    JSON.stringify(a.status?.podIPs) === JSON.stringify(b.status?.podIPs) &&
    JSON.stringify(a.metadata?.labels) === JSON.stringify(b.metadata?.labels)
  );
}
