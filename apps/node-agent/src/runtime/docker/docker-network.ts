import type Docker from 'dockerode';
import { withHostLock } from '../../host/host-lock';
import { RuntimeError } from '../runtime';
import { asRuntimeError, dockerStatus } from './docker-errors';
import { LABELS } from './docker-labels';

export interface PodNetwork {
  readonly name: string;
  /** The cluster's whole pod range; each agent uses its own part of it. */
  readonly subnet: string;
  readonly cluster: string;
}

/** One network for one cluster on this Docker; interface names have at most 15 characters. */
export function networkName(cluster: string): string {
  return `wheelhouse-${shortId(cluster)}`;
}

export const bridgeName = (cluster: string): string => `wh-${shortId(cluster)}`;

const shortId = (cluster: string): string =>
  cluster
    .replace(/[^a-zA-Z0-9]/g, '')
    .slice(0, 10)
    .toLowerCase();

/** Creates the network or checks the one that is there. Several agents may do so at the same time. */
export async function ensureNetwork(docker: Docker, network: PodNetwork): Promise<void> {
  await withHostLock(`wheelhouse-network-${network.name}`, async () => {
    const subnet = await existingSubnet(docker, network.name);
    if (subnet === undefined) await create(docker, network);
    else if (subnet !== network.subnet) {
      throw new RuntimeError(
        'invalid',
        `Docker network ${network.name} has the range ${subnet}, but the cluster's pods are in ${network.subnet}; remove it with: docker network rm ${network.name}`,
      );
    }
  });
}

/** Removes the network; one that is not there, or that a pod still uses (Docker refuses then), is left as it is. */
export async function removeNetwork(docker: Docker, name: string): Promise<void> {
  await withHostLock(`wheelhouse-network-${name}`, async () => {
    try {
      await docker.getNetwork(name).remove();
    } catch (error) {
      const status = dockerStatus(error);
      if (status !== 404 && status !== 403) throw asRuntimeError(error, 'unavailable');
    }
  });
}

async function existingSubnet(docker: Docker, name: string): Promise<string | undefined> {
  try {
    const info = await docker.getNetwork(name).inspect();
    return info.IPAM?.Config?.[0]?.Subnet ?? '';
  } catch (error) {
    if (dockerStatus(error) === 404) return undefined;
    throw asRuntimeError(error, 'unavailable');
  }
}

async function create(docker: Docker, { name, subnet, cluster }: PodNetwork): Promise<void> {
  try {
    await docker.createNetwork({
      Name: name,
      CheckDuplicate: true,
      Driver: 'bridge',
      Labels: { [LABELS.cluster]: cluster },
      Options: { 'com.docker.network.bridge.name': bridgeName(cluster) },
      IPAM: { Driver: 'default', Config: [{ Subnet: subnet }] },
    });
  } catch (error) {
    throw new RuntimeError(
      'invalid',
      `cannot create the pod network ${subnet} in Docker: ${asRuntimeError(error, 'invalid').message}`,
      { cause: error },
    );
  }
}
