import { nthAddress, parseCidr } from '../cluster/addresses';

/** The last 256 addresses of the pods' range are the local nodes' own, but for the broadcast address. */
const RESERVED = 256;

/**
 * The flags that give a local node its address: one that pods reach as well, or of loopback where the cluster has
 * only such ranges. The first node's ports answer also where people look first.
 */
export function addressArguments(podRange: string, index: number): string[] {
  const routed = !podRange.startsWith('127.') && index + 2 < RESERVED;
  const address = routed
    ? nthAddress(podRange, 2 ** (32 - parseCidr(podRange).bits) - RESERVED + 1 + index)
    : `127.0.1.${index + 1}`;
  const nodePorts = index === 0 ? ['127.0.0.1', address] : [address];
  return [
    '--node-ip',
    address,
    '--nodeport-addresses',
    nodePorts.join(','),
    ...(routed ? ['--claim-node-ip'] : []),
  ];
}
