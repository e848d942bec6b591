import type { Client } from '@wheelhouse/shared/client/client';
import { apiError, asApiError, isNotFound } from '@wheelhouse/shared/errors';
import { deploymentKind } from '@wheelhouse/shared/kinds/apps/deployment';
import { replicaSetKind } from '@wheelhouse/shared/kinds/apps/replica-set';
import { replicationControllerKind } from '@wheelhouse/shared/kinds/core/replication-controller';
import type { OwnerReference, Stored } from '@wheelhouse/shared/meta/object';
import type { Pod } from 'kubernetes-types/core/v1';
import type { ControllerContext } from '../machinery/controller';
import { controllerOf, refersTo } from '../machinery/owners';
import { readScale, resolveTarget } from '../machinery/scale-target';
import type { ExpectedScale } from './plan';

/**
 * Adds up the replicas of the workloads that own the pods, each once: a ReplicaSet of a Deployment stands for the
 * Deployment, kinds without a folder of their own are asked for their `/scale`. Pods without a workload count for none.
 */
export function createExpectedScale(
  context: ControllerContext,
): (pods: readonly Stored<Pod>[]) => Promise<ExpectedScale> {
  const replicaSets = context.cache(replicaSetKind);
  const deployments = context.cache(deploymentKind);
  const replicationControllers = context.cache(replicationControllerKind);
  const { client } = context;

  async function replicasOf(
    owner: OwnerReference,
    namespace: string,
  ): Promise<{ uid: string; replicas: number } | undefined> {
    const key = `${namespace}/${owner.name}`;
    if (refersTo(owner, replicaSetKind)) {
      const set = replicaSets.get(key);
      if (set?.metadata.uid !== owner.uid) return undefined;
      const above = controllerOf(set);
      if (above && refersTo(above, deploymentKind)) {
        const deployment = deployments.get(`${namespace}/${above.name}`);
        if (deployment?.metadata.uid !== above.uid) return undefined;
        return { uid: above.uid, replicas: deployment.spec?.replicas ?? 1 };
      }
      return { uid: owner.uid, replicas: set.spec?.replicas ?? 1 };
    }
    if (refersTo(owner, replicationControllerKind)) {
      const rc = replicationControllers.get(key);
      return rc?.metadata.uid === owner.uid
        ? { uid: owner.uid, replicas: rc.spec?.replicas ?? 1 }
        : undefined;
    }
    return scaleOf(client, owner, namespace);
  }

  return async (pods) => {
    const owners = new Map<string, { owner: OwnerReference; namespace: string; pod: string }>();
    for (const pod of pods) {
      const owner = controllerOf(pod);
      const { namespace = '', name } = pod.metadata;
      if (owner) owners.set(owner.uid, { owner, namespace, pod: name });
    }
    const workloads = new Map<string, number>();
    for (const { owner, namespace, pod } of owners.values()) {
      try {
        const found = await replicasOf(owner, namespace);
        if (!found) return { ok: false, message: `found no controllers for pod "${pod}"` };
        workloads.set(found.uid, found.replicas);
      } catch (error) {
        const failure = asApiError(error);
        // What passes by itself is tried again; what the kind cannot do stays so.
        if (failure.code >= 500) throw error;
        return { ok: false, message: failure.message };
      }
    }
    return { ok: true, pods: [...workloads.values()].reduce((sum, replicas) => sum + replicas, 0) };
  };
}

async function scaleOf(
  client: Client,
  owner: OwnerReference,
  namespace: string,
): Promise<{ uid: string; replicas: number } | undefined> {
  const type = await resolveTarget(client, owner);
  const [group = ''] = owner.apiVersion.includes('/') ? owner.apiVersion.split('/') : [''];
  if (!type) return undefined;
  try {
    const scale = await readScale(client, type, { name: owner.name, namespace });
    if (scale.metadata.uid !== owner.uid) return undefined;
    return { uid: owner.uid, replicas: scale.spec?.replicas ?? 0 };
  } catch (error) {
    if (!isNotFound(error)) throw error;
    // Either it is gone, or its kind has no scale.
    const there = await client.get(type, { name: owner.name, namespace }).catch(() => undefined);
    if (there === undefined) return undefined;
    const resource = group ? `${type.plural}.${group}` : type.plural;
    throw apiError('NotFound', `${resource} does not implement the scale subresource`);
  }
}
