import type { Service, ServicePort, ServiceSpec } from 'kubernetes-types/core/v1';
import {
  complaints,
  duplicate,
  type FieldError,
  forbidden,
  immutable,
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
const MAX_AFFINITY_SECONDS = 86400;
export const BAD_IP = 'must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)';

export function validateService(service: Service): FieldError[] {
  const spec = service.spec ?? {};
  const headless = spec.clusterIP === 'None';
  const errors: FieldError[] = [];
  if (!spec.ports?.length && !headless && spec.type !== 'ExternalName') errors.push(required('spec.ports'));
  errors.push(...validateType(spec));
  errors.push(...validatePorts(spec, headless), ...validateLabels(spec.selector, 'spec.selector'));
  errors.push(...validateAffinity(spec), ...validateClusterIps(spec), ...validateExternal(spec));
  return errors;
}

export function validateServiceUpdate(next: Service, previous: Service): FieldError[] {
  const old = previous.spec;
  const { spec } = next;
  // Addresses come and go only with the type ExternalName, which has none.
  if (old?.type === 'ExternalName' || spec?.type === 'ExternalName' || !old?.clusterIPs?.length) return [];
  const first = old.clusterIPs[0];
  if (spec?.clusterIPs?.[0] === first) return [];
  return immutable('spec.clusterIPs[0]', spec?.clusterIPs ?? null, old.clusterIPs, 'may not change once set');
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
      if (spec.type === 'ClusterIP' || spec.type === 'ExternalName') {
        errors.push(forbidden(`${at}.nodePort`, `may not be used when \`type\` is '${spec.type}'`));
      } else {
        const key = `${port.protocol}/${port.nodePort}`;
        if (nodePorts.has(key)) errors.push(duplicate(`${at}.nodePort`, port.nodePort));
        nodePorts.add(key);
      }
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
    return ips.length > 0 || spec.clusterIP
      ? [forbidden(`${at}[0]`, 'may not be set for ExternalName services')]
      : [];
  }
  const errors: FieldError[] = [];
  if (spec.clusterIP && ips.length > 0 && ips[0] !== spec.clusterIP) {
    errors.push(invalidValue(at, ips, 'first value must match `clusterIP`'));
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
    else {
      spec.loadBalancerSourceRanges.forEach((range, i) => {
        if (!isCidr(range.trim()))
          errors.push(
            invalidValue(
              `${at}[${i}]`,
              range,
              'must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)',
            ),
          );
      });
    }
  }
  const policy = spec.externalTrafficPolicy;
  if (policy) {
    const at = 'spec.externalTrafficPolicy';
    if (spec.type !== 'NodePort' && spec.type !== 'LoadBalancer' && !spec.externalIPs?.length) {
      errors.push(invalidValue(at, policy, 'may only be set for externally-accessible services'));
    } else if (!POLICIES.includes(policy)) errors.push(notSupported(at, policy, POLICIES));
  }
  const internal = spec.internalTrafficPolicy;
  if (internal && !POLICIES.includes(internal)) {
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
  if (spec.loadBalancerClass && spec.type !== 'LoadBalancer') {
    errors.push(forbidden('spec.loadBalancerClass', "may only be used when `type` is 'LoadBalancer'"));
  }
  if (spec.allocateLoadBalancerNodePorts !== undefined && spec.type !== 'LoadBalancer') {
    errors.push(
      forbidden('spec.allocateLoadBalancerNodePorts', "may only be used when `type` is 'LoadBalancer'"),
    );
  }
  return errors;
}
