import type { Client } from '@wheelhouse/shared/client/client';
import { isAlreadyExists, isNotFound } from '@wheelhouse/shared/errors';
import { configMapKind } from '@wheelhouse/shared/kinds/core/config-map';
import { StartupError } from '../startup-error';
import type { ClusterRanges } from './config';

const CONFIG = { namespace: 'kube-system', name: 'wheelhouse-cluster' };

/** Tells components that run elsewhere, with a data directory of their own, which ranges are the cluster's. */
export async function publishRanges(client: Client, { pods, services }: ClusterRanges): Promise<void> {
  const data = { podCidr: pods, serviceCidr: services };
  try {
    await client.create(configMapKind, { metadata: CONFIG, data });
  } catch (error) {
    if (!isAlreadyExists(error)) throw error;
    const current = await client.get(configMapKind, CONFIG);
    await client.update(configMapKind, { ...current, data: { ...current.data, ...data } });
  }
}

/** The ranges of the cluster that a client speaks to. */
export async function readRanges(client: Client): Promise<ClusterRanges> {
  try {
    const { podCidr, serviceCidr } = (await client.get(configMapKind, CONFIG)).data ?? {};
    if (podCidr && serviceCidr) return { pods: podCidr, services: serviceCidr };
  } catch (error) {
    if (!isNotFound(error)) throw error;
  }
  throw new StartupError(
    `The cluster does not say its address ranges in the config map ${CONFIG.namespace}/${CONFIG.name}: is its API a Wheelhouse?`,
  );
}
