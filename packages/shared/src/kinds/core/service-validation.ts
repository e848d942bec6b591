import type { Service, ServicePort, ServiceSpec } from 'kubernetes-types/core/v1';
import {
  complaints,
  duplicate,
  type FieldError,
  forbidden,
  invalidValue,
  notSupported,
  required,
} from '../../meta/field-error';
import { isCidr, isIp } from '../../meta/ip';
import { validateLabels } from '../../meta/labels';
import { dns1123Label, dns1123Subdomain, portNumber, qualifiedName } from '../../meta/names';
import { validateEndpointIp } from './endpoint-address';
import { validatePortReference } from './pod-spec/probes';

const TYPES = ['ClusterIP', 'ExternalName', 'LoadBalancer', 'NodePort'];
const AFFINITIES = ['ClientIP', 'None'];
const PROTOCOLS = ['SCTP', 'TCP', 'UDP'];
const POLICIES = ['Cluster', 'Local'];
const DISTRIBUTIONS = ['PreferClose'];
const FAMILIES = ['IPv4', 'IPv6'];
const FAMILY_POLICIES = ['PreferDualStack', 'RequireDualStack', 'SingleStack'];
const MAX_AFFINITY_SECONDS = 86400;
const BAD_CIDR = 'must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)';
export const BAD_IP = 'must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)';

export function validateService(service: Service): FieldError[] {
  const spec = service.spec ?? {};
  const headless = isHeadless(spec);
  const errors: FieldError[] = [];
  if (!spec.ports?.length && !headless && spec.type !== 'ExternalName') errors.push(required('spec.ports'));
  errors.push(...validateType(spec));
  errors.push(...validatePorts(spec, headless), ...validateLabels(spec.selector, 'spec.selector'));
  errors.push(...validateAffinity(spec), ...validateClusterIps(spec), ...validateExternal(spec));
  return errors;
}

/** Reachable from outside the cluster. */
export function isExternallyAccessible({ type, externalIPs }: ServiceSpec): boolean {
  return (
    type === 'LoadBalancer' || type === 'NodePort' || (type === 'ClusterIP' && Boolean(externalIPs?.length))
  );
}

export function isHeadless(spec: ServiceSpec | undefined): boolean {
  return spec?.clusterIPs?.length === 1 && spec.clusterIPs[0] === 'None';
}

function validateType(spec: ServiceSpec): FieldError[] {
  const type = spec.type ?? '';
  if (!type) return [required('spec.type')];
  if (!TYPES.includes(type)) return [notSupported('spec.type', type, TYPES)];
  if (type !== 'ExternalName') return [];
  const errors: FieldError[] = [];
  const name = (spec.externalName ?? '').replace(/\.$/, '');
  if (name) errors.push(...complaints('spec.externalName', spec.externalName, dns1123Subdomain(name)));
  else errors.push(required('spec.externalName'));
  return errors;
}

function validatePorts(spec: ServiceSpec, headless: boolean): FieldError[] {
  const ports = spec.ports ?? [];
  const names = new Set<string>();
  const pairs = new Set<string>();
  const nodePorts = new Set<string>();
  return ports.flatMap((port, i) => {
    const at = `spec.ports[${i}]`;
    const errors = validatePort(port, { at, nameRequired: ports.length > 1, headless });
    if (port.name) {
      if (names.has(port.name)) errors.push(duplicate(`${at}.name`, port.name));
      names.add(port.name);
    }
    const pair = `${port.protocol}/${port.port}`;
    if (pairs.has(pair)) errors.push(duplicate(at, { protocol: port.protocol, port: port.port }));
    pairs.add(pair);
    if (port.nodePort) {
      if (spec.type === 'ClusterIP') {
        errors.push(forbidden(`${at}.nodePort`, "may not be used when `type` is 'ClusterIP'"));
      }
      const key = `${port.protocol}/${port.nodePort}`;
      if (nodePorts.has(key)) errors.push(duplicate(`${at}.nodePort`, port.nodePort));
      nodePorts.add(key);
    }
    return errors;
  });
}

function validatePort(
  port: ServicePort,
  { at, nameRequired, headless }: { at: string; nameRequired: boolean; headless: boolean },
): FieldError[] {
  const errors: FieldError[] = [];
  if (!port.name) {
    if (nameRequired) errors.push(required(`${at}.name`));
  } else errors.push(...complaints(`${at}.name`, port.name, dns1123Label(port.name)));
  errors.push(...complaints(`${at}.port`, port.port ?? 0, portNumber(port.port ?? 0)));
  const { protocol } = port;
  if (!protocol) errors.push(required(`${at}.protocol`));
  else if (!PROTOCOLS.includes(protocol)) errors.push(notSupported(`${at}.protocol`, protocol, PROTOCOLS));
  if (!headless || port.targetPort !== undefined) {
    errors.push(...validatePortReference(port.targetPort ?? port.port, `${at}.targetPort`));
  }
  if (port.appProtocol !== undefined) {
    errors.push(...complaints(`${at}.appProtocol`, port.appProtocol, qualifiedName(port.appProtocol)));
  }
  return errors;
}

function validateAffinity(spec: ServiceSpec): FieldError[] {
  const affinity = spec.sessionAffinity ?? '';
  if (!affinity) return [required('spec.sessionAffinity')];
  if (!AFFINITIES.includes(affinity)) return [notSupported('spec.sessionAffinity', affinity, AFFINITIES)];
  const at = 'spec.sessionAffinityConfig';
  if (affinity === 'None') {
    return spec.sessionAffinityConfig
      ? [forbidden(at, "must not be set when session affinity is 'None'")]
      : [];
  }
  const seconds = spec.sessionAffinityConfig?.clientIP?.timeoutSeconds;
  if (seconds === undefined) {
    return [
      required(
        `${at}.clientIP.timeoutSeconds`,
        'timeoutSeconds should be set when session affinity is ClientIP',
      ),
    ];
  }
  return seconds <= 0 || seconds > MAX_AFFINITY_SECONDS
    ? [
        invalidValue(
          `${at}.clientIP.timeoutSeconds`,
          seconds,
          `must be greater than 0 and less than ${MAX_AFFINITY_SECONDS}`,
        ),
      ]
    : [];
}

function validateClusterIps(spec: ServiceSpec): FieldError[] {
  const ips = spec.clusterIPs ?? [];
  const at = 'spec.clusterIPs';
  if (spec.type === 'ExternalName') {
    const refuse = (field: string) => forbidden(field, 'may not be set for ExternalName services');
    return [
      ...(ips.length > 0 ? [refuse(at)] : []),
      ...(spec.ipFamilies?.length ? [refuse('spec.ipFamilies')] : []),
      ...(spec.ipFamilyPolicy === undefined ? [] : [refuse('spec.ipFamilyPolicy')]),
    ];
  }
  const errors = validateFamilies(spec);
  if (spec.clusterIP) {
    if (ips.length === 0) errors.push(required(at));
    else if (ips[0] !== spec.clusterIP) {
      errors.push(invalidValue(at, ips, 'first value must match `clusterIP`'));
    }
  } else if (ips.length > 0) {
    errors.push(invalidValue(at, ips, 'must be empty when `clusterIP` is not specified'));
  }
  if (ips[0] === 'None') {
    if (spec.type === 'NodePort' || spec.type === 'LoadBalancer') {
      errors.push(invalidValue(`${at}[0]`, 'None', `may not be set to 'None' for ${spec.type} services`));
    }
    if (ips.length > 1) errors.push(invalidValue(at, ips, '`None` must be the first and only value'));
    return errors;
  }
  for (const [i, ip] of ips.entries()) {
    if (!isIp(ip)) errors.push(invalidValue(`${at}[${i}]`, ip, BAD_IP));
  }
  if (ips.length > 2) errors.push(invalidValue(at, ips, 'may only hold up to 2 values'));
  if (!ips.every(isIp)) return errors;
  const families = ips.map((ip) => (ip.includes(':') ? 'IPv6' : 'IPv4'));
  if (new Set(families).size < ips.length) {
    errors.push(invalidValue(at, ips, 'may specify no more than one IP for each IP family'));
  }
  families.forEach((family, i) => {
    const expected = spec.ipFamilies?.[i];
    if (!expected || expected === family) return;
    const why = `expected an ${expected} value as indicated by \`ipFamilies[${i}]\``;
    errors.push(invalidValue(`${at}[${i}]`, ips[i], why));
  });
  return errors;
}

function validateFamilies({ ipFamilies = [], ipFamilyPolicy }: ServiceSpec): FieldError[] {
  const errors = ipFamilies.flatMap((family, i) => {
    const at = `spec.ipFamilies[${i}]`;
    const own = FAMILIES.includes(family) ? [] : [notSupported(at, family, FAMILIES)];
    if (ipFamilies.indexOf(family) < i) own.push(duplicate(at, family));
    return own;
  });
  if (ipFamilyPolicy !== undefined && !FAMILY_POLICIES.includes(ipFamilyPolicy)) {
    errors.push(notSupported('spec.ipFamilyPolicy', ipFamilyPolicy, FAMILY_POLICIES));
  }
  return errors;
}

function validateExternal(spec: ServiceSpec): FieldError[] {
  const errors: FieldError[] = [];
  spec.externalIPs?.forEach((ip, i) => {
    const at = `spec.externalIPs[${i}]`;
    if (!isIp(ip)) errors.push(invalidValue(at, ip, BAD_IP));
    else errors.push(...validateEndpointIp(ip, at, { loopback: false }));
  });
  if (spec.loadBalancerSourceRanges?.length) {
    const at = 'spec.loadBalancerSourceRanges';
    if (spec.type !== 'LoadBalancer')
      errors.push(forbidden(at, "may only be used when `type` is 'LoadBalancer'"));
    spec.loadBalancerSourceRanges.forEach((range, i) => {
      if (!isCidr(range.trim())) errors.push(invalidValue(`${at}[${i}]`, range, BAD_CIDR));
    });
  }
  const policy = spec.externalTrafficPolicy;
  if (policy) {
    const at = 'spec.externalTrafficPolicy';
    if (!isExternallyAccessible(spec)) {
      errors.push(invalidValue(at, policy, 'may only be set for externally-accessible services'));
    } else if (!POLICIES.includes(policy)) errors.push(notSupported(at, policy, POLICIES));
  }
  const internal = spec.internalTrafficPolicy;
  if (internal !== undefined && !POLICIES.includes(internal)) {
    errors.push(notSupported('spec.internalTrafficPolicy', internal, POLICIES));
  }
  if (spec.healthCheckNodePort && !(spec.type === 'LoadBalancer' && policy === 'Local')) {
    errors.push(
      invalidValue(
        'spec.healthCheckNodePort',
        spec.healthCheckNodePort,
        "may only be set when `type` is 'LoadBalancer' and `externalTrafficPolicy` is 'Local'",
      ),
    );
  }
  if (spec.loadBalancerClass !== undefined) {
    const at = 'spec.loadBalancerClass';
    if (spec.type === 'LoadBalancer') {
      errors.push(...complaints(at, spec.loadBalancerClass, qualifiedName(spec.loadBalancerClass)));
    } else errors.push(forbidden(at, "may only be used when `type` is 'LoadBalancer'"));
  }
  const { trafficDistribution: distribution } = spec;
  if (distribution !== undefined && !DISTRIBUTIONS.includes(distribution)) {
    errors.push(notSupported('spec.trafficDistribution', distribution, DISTRIBUTIONS));
  }
  if (spec.allocateLoadBalancerNodePorts !== undefined && spec.type !== 'LoadBalancer') {
    errors.push(
      forbidden('spec.allocateLoadBalancerNodePorts', "may only be used when `type` is 'LoadBalancer'"),
    );
  }
  return errors;
}
