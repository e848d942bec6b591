import { type FieldError, invalidValue } from '../../meta/field-error';
import { parseIpv4, parseIpv6 } from '../../meta/ip';

/**
 * Addresses that mean something else than a host on a network: refused as endpoints and as external addresses.
 *
 * Kubernetes refuses all of 127/8 as endpoints too. Here nodes on one host, and whole clusters without
 * privileges, live in 127/8; so with `loopback` only 127.0.0.0/24, where `localhost` is, stays refused.
 */
export function validateEndpointIp(
  ip: string,
  field: string,
  { loopback }: { loopback: boolean },
): FieldError[] {
  const v4 = parseIpv4(ip) ?? mappedIpv4(ip);
  if (v4 !== undefined) {
    const first = Math.floor(v4 / 2 ** 24);
    if (v4 === 0) return [invalidValue(field, ip, `may not be unspecified (${ip})`)];
    if (first === 127 && (!loopback || Math.floor(v4 / 256) === 127 * 65536)) {
      return [invalidValue(field, ip, 'may not be in the loopback range (127.0.0.0/8)')];
    }
    if (Math.floor(v4 / 65536) === 169 * 256 + 254) {
      return [invalidValue(field, ip, 'may not be in the link-local range (169.254.0.0/16)')];
    }
    if (Math.floor(v4 / 256) === 224 * 256 * 256) {
      return [invalidValue(field, ip, 'may not be in the link-local multicast range (224.0.0.0/24)')];
    }
    return [];
  }
  const v6 = parseIpv6(ip);
  if (!v6) return [];
  const head = v6[0] ?? 0;
  if (v6.every((group) => group === 0)) return [invalidValue(field, ip, `may not be unspecified (${ip})`)];
  if (v6.slice(0, 7).every((group) => group === 0) && v6[7] === 1) {
    return [invalidValue(field, ip, 'may not be in the loopback range (::1/128)')];
  }
  if ((head & 0xff0f) === 0xff02) {
    return [
      invalidValue(field, ip, 'may not be in the link-local multicast range (224.0.0.0/24, ff02::/10)'),
    ];
  }
  if ((head & 0xffc0) === 0xfe80)
    return [invalidValue(field, ip, 'may not be in the link-local range (fe80::/10)')];
  return [];
}

/** `::ffff:10.0.0.1` is 10.0.0.1. */
function mappedIpv4(ip: string): number | undefined {
  const groups = parseIpv6(ip);
  if (groups?.[5] !== 0xffff || groups.slice(0, 5).some((group) => group !== 0)) return undefined;
  return (groups[6] ?? 0) * 65536 + (groups[7] ?? 0);
}
