import {
  asApiError,
  isAlreadyExists,
  isNamespaceTerminating,
  isNotFound,
  isUnavailable,
} from '@wheelhouse/shared/errors';
import { deploymentKind } from '@wheelhouse/shared/kinds/apps/deployment';
import { replicaSetKind } from '@wheelhouse/shared/kinds/apps/replica-set';
import { podKind } from '@wheelhouse/shared/kinds/core/pod';
import { keyOf, type ObjectKey, type Stored } from '@wheelhouse/shared/meta/object';
import type { Deployment, ReplicaSet } from 'kubernetes-types/apps/v1';
import type { Pod } from 'kubernetes-types/core/v1';
import type { ControllerDefinition, Outcome } from '../machinery/controller';
import { controllerOf, controllerReference, refersTo } from '../machinery/owners';
import { isFinished } from '../machinery/pods';
import { sameJson } from '../machinery/same-json';
import { selectorMatcher } from '../machinery/selectors';
import type { Draft } from './draft';
import { planDeployment } from './plan';
import { REVISION } from './revisions';
import { deploymentStatus, type StatusInput } from './status';
import { HASH_LABEL, sameTemplate, templateHash } from './template-hash';

/** Moves Deployments from one pod template to the next, within their bounds. */
export const deploymentController: ControllerDefinition = {
  name: 'deployment',
  setup(context) {
    const { client, clock } = context;
    const queue = context.queue();
    const deployments = context.cache(deploymentKind);
    const sets = context.cache(replicaSetKind);
    const pods = context.cache(podKind);
    const events = context.recorder('deployment-controller');
    /** By Deployment: the set whose creation was not answered. It may exist without the cache showing it. */
    const unanswered = new Map<ObjectKey, string>();

    context.informer(deploymentKind).subscribe({
      added: (object) => queue.add(keyOf(object)),
      updated: (object) => queue.add(keyOf(object)),
    });
    context.informer(replicaSetKind).subscribe({
      added: enqueueOwner,
      updated(set, previous) {
        if (controllerOf(set)?.uid !== controllerOf(previous)?.uid) enqueueOwner(previous);
        enqueueOwner(set);
      },
      deleted: enqueueOwner,
    });
    // Recreate waits for the last old pod.
    context.informer(podKind).subscribe({
      updated: (pod) => isFinished(pod) && enqueueRecreating(pod),
      deleted: enqueueRecreating,
    });

    function enqueueOwner(set: Stored<ReplicaSet>): void {
      const controller = controllerOf(set);
      const namespace = set.metadata.namespace ?? '';
      if (controller) {
        if (refersTo(controller, deploymentKind)) queue.add(`${namespace}/${controller.name}`);
        return;
      }
      for (const deployment of deployments.byIndex('namespace', namespace)) {
        if (selectorMatcher(deployment.spec?.selector)(set.metadata.labels)) queue.add(keyOf(deployment));
      }
    }

    function enqueueRecreating(pod: Stored<Pod>): void {
      const controller = controllerOf(pod);
      const set = controller && sets.get(`${pod.metadata.namespace}/${controller.name}`);
      const owner = set && controllerOf(set);
      const deployment = owner && deployments.get(`${pod.metadata.namespace}/${owner.name}`);
      if (deployment?.spec?.strategy?.type === 'Recreate') queue.add(keyOf(deployment));
    }

    async function reconcile(key: ObjectKey): Promise<Outcome> {
      const deployment = deployments.get(key);
      if (!deployment) {
        unanswered.delete(key);
        return undefined;
      }
      await settleUnanswered(key, deployment.metadata.namespace ?? '');
      const owned = await claimSets(deployment);
      if (deployment.metadata.deletionTimestamp) return writeStatus(deployment, owned, {});
      const collisions = deployment.status?.collisionCount ?? 0;
      const hash = templateHash(deployment.spec?.template, collisions);
      const plan = planDeployment(deployment, owned, {
        newName: `${deployment.metadata.name}-${hash}`,
        oldPodsLeft: hasOldPods(deployment, owned),
      });
      let happened: Partial<StatusInput> = {};
      for (const draft of plan.write) {
        if (draft.set) await updateSet(deployment, draft, draft.set);
        else happened = await createSet(deployment, draft, hash, collisions);
      }
      await Promise.all(plan.remove.map(removeSet));
      const made = happened.happened !== 'failed' && happened.collisions === undefined;
      const outcome = await writeStatus(deployment, sets.byIndex('controller', deployment.metadata.uid), {
        ...happened,
        revision: made ? plan.revision : undefined,
      });
      if (happened.happened === 'failed') throw new Error(happened.failure);
      return outcome;
    }

    /** Another set beside one that nobody sees yet would exceed the surge: so ask the server itself. */
    async function settleUnanswered(key: ObjectKey, namespace: string): Promise<void> {
      const name = unanswered.get(key);
      if (name === undefined) return;
      try {
        sets.wrote(await client.get(replicaSetKind, { namespace, name }));
      } catch (error) {
        if (!isNotFound(error)) throw error;
      }
      unanswered.delete(key);
    }

    /** Takes over matching sets that nobody owns and lets go those that match no longer. */
    async function claimSets(deployment: Stored<Deployment>): Promise<Stored<ReplicaSet>[]> {
      const { namespace = '', uid, deletionTimestamp } = deployment.metadata;
      const owned = sets.byIndex('controller', uid);
      if (deletionTimestamp) return owned;
      const matches = selectorMatcher(deployment.spec?.selector);
      const orphans = sets
        .byIndex('orphan', namespace)
        .filter((set) => matches(set.metadata.labels) && !set.metadata.deletionTimestamp);
      const strangers = owned.filter((set) => !matches(set.metadata.labels));
      if (orphans.length === 0 && strangers.length === 0) return owned;
      // The cache may not know yet that the Deployment is gone; its new sets would then be deleted with it.
      const fresh = await client.get(deploymentKind, deployment.metadata);
      if (fresh.metadata.uid !== uid || fresh.metadata.deletionTimestamp) {
        throw new Error(`deployment ${keyOf(deployment)} has been deleted meanwhile`);
      }
      const reference = controllerReference(deploymentKind, deployment);
      for (const set of [...orphans, ...strangers]) {
        const { uid: setUid, resourceVersion, ownerReferences = [] } = set.metadata;
        const rest = ownerReferences.filter((other) => other.uid !== uid);
        const references = orphans.includes(set) ? [...rest, reference] : rest;
        const body = { metadata: { uid: setUid, resourceVersion, ownerReferences: references } };
        await client.patch(replicaSetKind, set.metadata, { type: 'merge', body });
      }
      return sets.byIndex('controller', uid);
    }

    function hasOldPods(deployment: Stored<Deployment>, owned: readonly Stored<ReplicaSet>[]): boolean {
      if (deployment.spec?.strategy?.type !== 'Recreate') return false;
      const old = owned.filter(({ spec }) => !sameTemplate(spec?.template, deployment.spec?.template));
      return old.some(({ metadata }) =>
        pods.byIndex('controller', metadata.uid).some((pod) => !isFinished(pod)),
      );
    }

    async function updateSet(
      deployment: Stored<Deployment>,
      draft: Draft,
      set: Stored<ReplicaSet>,
    ): Promise<void> {
      const { replicas, annotations, minReadySeconds } = draft;
      const before = set.spec?.replicas ?? 1;
      const { selector = {}, minReadySeconds: _, ...spec } = set.spec ?? {};
      await client.update(replicaSetKind, {
        ...set,
        metadata: { ...set.metadata, annotations },
        spec: { ...spec, selector, replicas, ...waits(minReadySeconds) },
      });
      if (replicas !== before) scaled(deployment, draft, before);
    }

    function scaled(deployment: Stored<Deployment>, { name, replicas }: Draft, before: number): void {
      const direction = replicas > before ? 'up' : 'down';
      const message = `Scaled ${direction} replica set ${name} from ${before} to ${replicas}`;
      events.record(deployment, 'Normal', 'ScalingReplicaSet', message);
    }

    async function createSet(
      deployment: Stored<Deployment>,
      draft: Draft,
      hash: string,
      collisions: number,
    ): Promise<Partial<StatusInput>> {
      try {
        await client.create(replicaSetKind, newSet(deployment, draft, hash));
        if (draft.replicas > 0) scaled(deployment, draft, 0);
        return { happened: 'created' };
      } catch (error) {
        if (isNamespaceTerminating(error)) return {};
        if (isUnavailable(error)) unanswered.set(keyOf(deployment), draft.name);
        if (!isAlreadyExists(error)) {
          const failure = `Failed to create new replica set "${draft.name}": ${asApiError(error).message}`;
          events.record(deployment, 'Warning', 'ReplicaSetCreateError', failure);
          return { happened: 'failed', failure };
        }
        const { namespace = '', uid } = deployment.metadata;
        const other = await client.get(replicaSetKind, { namespace, name: draft.name });
        const mine =
          controllerOf(other)?.uid === uid && sameTemplate(other.spec?.template, deployment.spec?.template);
        if (mine) throw new Error(`the cache does not show replica set ${draft.name} yet`);
        // Another template has the same hash: the next attempt makes another one.
        return { collisions: collisions + 1 };
      }
    }

    async function removeSet(set: Stored<ReplicaSet>): Promise<void> {
      try {
        const { uid } = set.metadata;
        await client.delete(replicaSetKind, set.metadata, { preconditions: { uid } });
      } catch (error) {
        if (!isNotFound(error)) throw error;
      }
    }

    async function writeStatus(
      deployment: Stored<Deployment>,
      owned: readonly Stored<ReplicaSet>[],
      { revision, ...happened }: Partial<StatusInput> & { readonly revision?: string | undefined },
    ): Promise<Outcome> {
      const newest = owned
        .filter(({ spec }) => sameTemplate(spec?.template, deployment.spec?.template))
        .sort((a, b) =>
          (a.metadata.creationTimestamp ?? '') < (b.metadata.creationTimestamp ?? '') ? -1 : 1,
        )[0];
      const { status, deadlineMs } = deploymentStatus(
        {
          deployment,
          newest,
          sets: owned,
          happened: undefined,
          collisions: deployment.status?.collisionCount ?? 0,
          ...happened,
        },
        clock.now(),
      );
      if (revision !== undefined || !sameJson(status, withoutZeros(deployment.status))) {
        // The revision goes with the status: an annotation that is written otherwise moves the generation on.
        const annotations = {
          ...deployment.metadata.annotations,
          ...(revision ? { [REVISION]: revision } : {}),
        };
        const next = { ...deployment, metadata: { ...deployment.metadata, annotations }, status };
        await client.update(deploymentKind, next, { subresource: 'status' });
      }
      return deadlineMs === undefined ? undefined : { requeueAfterMs: Math.max(0, deadlineMs) + 1_000 };
    }

    return { name: 'deployments', queue, reconcile };
  },
};

/** Nothing is said where nothing is waited for, as in Kubernetes' own sets. */
const waits = (minReadySeconds: number) => (minReadySeconds > 0 ? { minReadySeconds } : {});

function newSet(deployment: Stored<Deployment>, draft: Draft, hash: string): ReplicaSet {
  const { template, selector } = deployment.spec ?? {};
  const labels = { ...template?.metadata?.labels, [HASH_LABEL]: hash };
  return {
    metadata: {
      name: draft.name,
      namespace: deployment.metadata.namespace ?? '',
      labels,
      annotations: draft.annotations,
      ownerReferences: [controllerReference(deploymentKind, deployment)],
    },
    spec: {
      replicas: draft.replicas,
      ...waits(draft.minReadySeconds),
      selector: { ...selector, matchLabels: { ...selector?.matchLabels, [HASH_LABEL]: hash } },
      template: { ...template, metadata: { ...template?.metadata, labels } },
    },
  };
}

/** Zero counts are as good as absent ones; the API may fill them in. */
function withoutZeros(status: object | undefined): object {
  return Object.fromEntries(
    Object.entries(status ?? {}).filter(([key, value]) => value !== 0 || key === 'observedGeneration'),
  );
}
