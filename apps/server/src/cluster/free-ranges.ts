import { parseCidr } from './addresses';
import type { ClusterRanges } from './config';

/** How many pairs of ranges are tried beside the usual one. */
const CANDIDATES = 10;

/**
 * The ranges for a new cluster on this host: the usual ones, or the next that overlap with nothing in `used` (Docker
 * networks, routes and addresses of the host, other clusters). Pure. With everything taken it is the usual pair:
 * whoever uses it then says so.
 */
export function freeRoutedRanges(used: readonly string[]): ClusterRanges {
  const candidates = Array.from({ length: CANDIDATES }, (_, index) => ({
    pods: `10.${244 + index}.0.0/16`,
    services: `10.${96 + index}.0.0/16`,
  }));
  const isFree = (range: string) => !used.some((other) => overlap(range, other));
  return candidates.find(({ pods, services }) => isFree(pods) && isFree(services)) ?? usual(candidates);
}

/**
 * Ranges out of 127.0.0.0/8 for a new cluster. Nothing on the host says which of them another cluster uses, so they
 * are drawn: `random` is 0 ≤ x < 1.
 */
export function loopbackRanges(random: number): ClusterRanges {
  const draw = Math.floor(random * 60);
  return { pods: `127.${128 + draw}.0.0/16`, services: `127.${64 + draw}.0.0/16` };
}

function usual(candidates: readonly ClusterRanges[]): ClusterRanges {
  const [first] = candidates;
  if (!first) throw new RangeError('there are no candidate ranges');
  return first;
}

function overlap(one: string, other: string): boolean {
  const [a, b] = [parseCidr(one), parseCidr(other)];
  const size = 2 ** (32 - Math.min(a.bits, b.bits));
  return Math.floor(a.base / size) === Math.floor(b.base / size);
}
