import type { Service, ServiceSpec } from 'kubernetes-types/core/v1';
import { isExternallyAccessible } from './service-validation';

/**
 * What of a service is given to it rather than asked for: cluster addresses and node ports. The allocator fills
 * them in; here they are carried over updates that leave them out, and dropped where the type has no use for them.
 */

const needsClusterIp = (spec: ServiceSpec | undefined) => spec?.type !== 'ExternalName';
const needsNodePorts = (spec: ServiceSpec | undefined) =>
  spec?.type === 'NodePort' || spec?.type === 'LoadBalancer';
const needsHealthPort = (spec: ServiceSpec | undefined) =>
  spec?.type === 'LoadBalancer' && spec.externalTrafficPolicy === 'Local';

/** Keeps the older `clusterIP` and the newer `clusterIPs` in step, whichever the client knows. */
export function normalizeClusterIps(next: Service, previous?: Service): void {
  const { spec } = next;
  if (!spec) return;
  const old = previous?.spec;
  if (!old) {
    if (spec.clusterIP && !spec.clusterIPs?.length) spec.clusterIPs = [spec.clusterIP];
    return;
  }
  const sameIps = JSON.stringify(spec.clusterIPs ?? []) === JSON.stringify(old.clusterIPs ?? []);
  if (spec.clusterIP !== old.clusterIP && sameIps) {
    // A client that knows only the single field has cleared or set it.
    if (!spec.clusterIP) delete spec.clusterIPs;
    else spec.clusterIPs = [spec.clusterIP];
  }
}

/** An update that says nothing of allocated values means them to stay. */
export function keepAllocated(next: Service, previous: Service): void {
  const { spec } = next;
  const old = previous.spec;
  if (!spec || !old) return;
  if (needsClusterIp(spec) && needsClusterIp(old)) {
    if (!spec.clusterIP && old.clusterIP) spec.clusterIP = old.clusterIP;
    if (!spec.clusterIPs?.length && spec.clusterIP === old.clusterIP && old.clusterIPs) {
      spec.clusterIPs = old.clusterIPs;
    }
  }
  if (needsNodePorts(spec) && needsNodePorts(old)) keepNodePorts(spec, old);
  if (needsHealthPort(spec) && needsHealthPort(old) && !spec.healthCheckNodePort) {
    spec.healthCheckNodePort = old.healthCheckNodePort;
  }
}

function keepNodePorts(spec: ServiceSpec, old: ServiceSpec): void {
  const known = new Map((old.ports ?? []).map((port) => [`${port.protocol}/${port.port}`, port.nodePort]));
  const used = new Set((spec.ports ?? []).map((port) => port.nodePort));
  for (const port of spec.ports ?? []) {
    const nodePort = known.get(`${port.protocol}/${port.port}`);
    if (port.nodePort || !nodePort || used.has(nodePort)) continue;
    port.nodePort = nodePort;
    used.add(nodePort);
  }
}

/** Drops what belonged to the old type and was not asked for anew, so that a change of type alone is valid. */
export function dropTypeDependent(next: Service, previous: Service | undefined): void {
  const { spec } = next;
  const old = previous?.spec;
  if (!spec || !old) return;
  if (needsClusterIp(old) && !needsClusterIp(spec) && spec.clusterIP === old.clusterIP) {
    delete spec.clusterIP;
    delete spec.clusterIPs;
    delete spec.ipFamilies;
    delete spec.ipFamilyPolicy;
    delete spec.internalTrafficPolicy;
  }
  if (needsNodePorts(old) && !needsNodePorts(spec)) {
    const ports = new Set((old.ports ?? []).map((port) => port.nodePort));
    for (const port of spec.ports ?? []) if (ports.has(port.nodePort)) delete port.nodePort;
  }
  if (
    isExternallyAccessible(old) &&
    !isExternallyAccessible(spec) &&
    spec.externalTrafficPolicy === old.externalTrafficPolicy
  ) {
    delete spec.externalTrafficPolicy;
  }
  if (
    needsHealthPort(old) &&
    !needsHealthPort(spec) &&
    spec.healthCheckNodePort === old.healthCheckNodePort
  ) {
    delete spec.healthCheckNodePort;
  }
  if (old.type === 'LoadBalancer' && spec.type !== 'LoadBalancer') {
    delete spec.allocateLoadBalancerNodePorts;
    if (spec.loadBalancerClass === old.loadBalancerClass) delete spec.loadBalancerClass;
  }
}
