import type { Service } from 'kubernetes-types/core/v1';
import { complaints, type FieldError, forbidden, invalidValue, notSupported } from '../../meta/field-error';
import { isIp } from '../../meta/ip';
import { dns1123Subdomain } from '../../meta/names';
import { BAD_IP } from './service-validation';

const MODES = ['Proxy', 'VIP'];

/** Where a load balancer says that it listens. */
export function validateLoadBalancerStatus({ spec, status }: Service): FieldError[] {
  const points = status?.loadBalancer?.ingress ?? [];
  const path = 'status.loadBalancer.ingress';
  if (points.length > 0 && spec?.type !== 'LoadBalancer') {
    return [forbidden(path, "may only be used when `spec.type` is 'LoadBalancer'")];
  }
  return points.flatMap(({ ip, hostname, ipMode }, i) => {
    const at = `${path}[${i}]`;
    const errors: FieldError[] = [];
    if (ip && !isIp(ip)) errors.push(invalidValue(`${at}.ip`, ip, BAD_IP));
    if (ipMode !== undefined && !ip) {
      errors.push(forbidden(`${at}.ipMode`, 'may not be specified when `ip` is not set'));
    } else if (ipMode !== undefined && !MODES.includes(ipMode)) {
      errors.push(notSupported(`${at}.ipMode`, ipMode, MODES));
    }
    return [...errors, ...validateHostName(hostname, `${at}.hostname`)];
  });
}

/** Ingresses say it in the same way. */
export function validateHostName(hostname: string | undefined, field: string): FieldError[] {
  if (!hostname) return [];
  const errors = complaints(field, hostname, dns1123Subdomain(hostname));
  if (isIp(hostname)) errors.push(invalidValue(field, hostname, 'must be a DNS name, not an IP address'));
  return errors;
}
