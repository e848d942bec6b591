import { isIPv4 } from 'node:net';
import { StartupError } from '../startup-error';

/** The n-th address of an IPv4 range, e.g. (10.96.0.0/16, 1) → 10.96.0.1. */
export function nthAddress(cidr: string, n: number): string {
  const { base, bits } = parseCidr(cidr);
  if (n < 0 || n >= 2 ** (32 - bits)) throw new RangeError(`${cidr} has no address number ${n}`);
  const value = base + n;
  return [24, 16, 8, 0].map((shift) => Math.floor(value / 2 ** shift) % 256).join('.');
}

/** Parses `a.b.c.d/bits`; `base` is the range's first address as a number. Throws {@link StartupError}. */
export function parseCidr(cidr: string): { base: number; bits: number } {
  const [address = '', length = ''] = cidr.split('/');
  const bits = Number(length);
  if (!isIPv4(address) || !/^\d{1,2}$/.test(length) || bits > 32) {
    throw new StartupError(`"${cidr}" is not an IPv4 range such as 10.96.0.0/16.`);
  }
  const value = address.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);
  return { base: value - (value % 2 ** (32 - bits)), bits };
}
