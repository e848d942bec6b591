import { isIPv4 } from 'node:net';
import { networkInterfaces } from 'node:os';

/**
 * Where an API that keeps to loopback is reached by the service `kubernetes`. Not 127.0.0.1: endpoints in 127.0.0.0/24
 * are refused, because inside a pod they would mean the pod itself. Every Linux host answers to all of 127/8.
 */
const LOOPBACK_ALIAS = '127.1.0.1';

export interface PublishedAddress {
  readonly ip: string;
  /** True when the API has to listen there beside its configured address. */
  readonly needsListener: boolean;
}

/** The address behind the service `kubernetes`, from what the API listens on and is advertised as. Pure but for the default. */
export function publishedAddress(
  apiHost: string,
  advertise: readonly string[],
  interfaces: ReturnType<typeof networkInterfaces> = networkInterfaces(),
): PublishedAddress {
  if (apiHost === 'localhost' || apiHost.startsWith('127.'))
    return { ip: LOOPBACK_ALIAS, needsListener: true };
  if (isIPv4(apiHost) && apiHost !== '0.0.0.0') return { ip: apiHost, needsListener: false };
  const advertised = advertise.find((address) => isIPv4(address));
  if (advertised) return { ip: advertised, needsListener: false };
  const outward = Object.values(interfaces)
    .flatMap((addresses) => addresses ?? [])
    .find(({ family, internal }) => family === 'IPv4' && !internal);
  return { ip: outward?.address ?? LOOPBACK_ALIAS, needsListener: false };
}
