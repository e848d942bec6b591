import type { ClusterRanges } from '../cluster/config';
import { freeRoutedRanges, loopbackRanges } from '../cluster/free-ranges';
import { usedRanges } from './used-ranges';

/** Ranges for a cluster that is made now, clear of what this host uses already. */
export async function newRanges(addresses: 'routed' | 'loopback'): Promise<ClusterRanges> {
  return addresses === 'routed' ? freeRoutedRanges(await usedRanges()) : loopbackRanges(Math.random());
}
