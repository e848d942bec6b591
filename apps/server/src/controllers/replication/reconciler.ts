import { asApiError, isNotFound } from '@wheelhouse/shared/errors';
import { podKind } from '@wheelhouse/shared/kinds/core/pod';
import type { ResourceType } from '@wheelhouse/shared/meta/kind';
import { type KubeObject, keyOf, type ObjectKey, type Stored } from '@wheelhouse/shared/meta/object';
import type { ReplicaSetStatus } from 'kubernetes-types/apps/v1';
import type { Pod, PodTemplateSpec } from 'kubernetes-types/core/v1';
import type { ControllerContext, Outcome, Reconciler } from '../machinery/controller';
import { controllerOf, controllerReference, refersTo } from '../machinery/owners';
import { Pacer } from '../machinery/pacer';
import { isActive, podFromTemplate } from '../machinery/pods';
import { sameJson } from '../machinery/same-json';
import type { LabelMatcher } from '../machinery/selectors';
import { slowStart } from '../machinery/slow-start';
import { planReplication } from './plan';
import { type ReplicaFailure, replicationStatus } from './status';

/** The fields in which ReplicaSet and ReplicationController agree. */
export interface ReplicatedObject extends KubeObject {
  spec?: { replicas?: number; minReadySeconds?: number; template?: PodTemplateSpec };
  status?: ReplicaSetStatus;
}

export interface ReplicationKind<T extends ReplicatedObject> {
  readonly type: ResourceType<T>;
  /** Source of its events. */
  readonly component: string;
  matcher(object: T): LabelMatcher;
  withStatus(object: Stored<T>, status: ReplicaSetStatus): T;
  /** Pods of siblings on whose spread a scale-down looks; by default its own. */
  related?(object: Stored<T>, own: readonly Stored<Pod>[]): readonly Pod[];
}

/** Keeps the number of pods of a ReplicaSet or ReplicationController. Nothing is written when nothing has changed. */
export function replicationReconciler<T extends ReplicatedObject>(
  kind: ReplicationKind<T>,
  context: ControllerContext,
): Reconciler {
  const { client, clock } = context;
  const queue = context.queue();
  const owners = context.cache(kind.type);
  const pods = context.cache(podKind);
  const events = context.recorder(kind.component);
  // A pod's progress only changes counts, so it may wait for others; a lost pod is replaced at once.
  const progress = new Pacer(queue, { msPerMember: 1 / 20, maxMs: 500 });

  context.informer(kind.type).subscribe({
    added: (object) => queue.add(keyOf(object)),
    updated: (object) => queue.add(keyOf(object)),
    deleted: (object) => queue.add(keyOf(object)),
  });
  context.informer(podKind).subscribe({
    added: (pod) => enqueueOwners(pod),
    updated(pod, previous) {
      const controller = controllerOf(pod);
      if (controller?.uid !== controllerOf(previous)?.uid) enqueueOwners(previous);
      else if (controller && isActive(pod) && sameLabels(pod, previous)) {
        if (refersTo(controller, kind.type)) progress.add(`${pod.metadata.namespace}/${controller.name}`);
        return;
      }
      enqueueOwners(pod);
    },
    deleted: (pod) => enqueueOwners(pod),
  });

  function enqueueOwners(pod: Stored<Pod>): void {
    const controller = controllerOf(pod);
    if (controller) {
      if (refersTo(controller, kind.type)) queue.add(`${pod.metadata.namespace}/${controller.name}`);
      return;
    }
    if (pod.metadata.deletionTimestamp) return;
    for (const owner of owners.byIndex('namespace', pod.metadata.namespace ?? '')) {
      if (kind.matcher(owner)(pod.metadata.labels)) queue.add(keyOf(owner));
    }
  }

  async function reconcile(key: ObjectKey): Promise<Outcome> {
    const owner = owners.get(key);
    if (!owner) {
      progress.note(key, 0);
      return undefined;
    }
    const { namespace = '', uid, deletionTimestamp } = owner.metadata;
    const own = pods.byIndex('controller', uid);
    progress.note(key, own.length);
    const plan = planReplication(
      {
        uid,
        deleting: deletionTimestamp !== undefined,
        replicas: owner.spec?.replicas ?? 1,
        selects: kind.matcher(owner),
      },
      [...own, ...pods.byIndex('orphan', namespace)],
      kind.related?.(owner, own) ?? own,
    );
    if (plan.adopt.length > 0) await checkStillWanted(owner);
    for (const pod of plan.adopt) await setOwner(pod, controllerReference(kind.type, owner));
    for (const pod of plan.release) await setOwner(pod, undefined, uid);

    const { failure, error } = await changeCount(owner, plan);
    // Read again: what was just created and deleted is in the cache already.
    const result = replicationStatus(
      {
        generation: owner.metadata.generation,
        template: owner.spec?.template,
        minReadySeconds: owner.spec?.minReadySeconds ?? 0,
        previous: owner.status,
        pods: pods.byIndex('controller', uid),
        failure,
      },
      clock.now(),
    );
    if (result.changed) await writeStatus(owner, result.status);
    if (error) throw error;
    return result.nextChangeMs === undefined ? undefined : { requeueAfterMs: result.nextChangeMs };
  }

  /** The cache may not know yet that the owner is gone or going; adopting then would make the pods die with it. */
  async function checkStillWanted(owner: Stored<T>): Promise<void> {
    const fresh = await client.get(kind.type, owner.metadata);
    if (fresh.metadata.uid !== owner.metadata.uid || fresh.metadata.deletionTimestamp) {
      throw new Error(`${kind.type.kind} ${keyOf(owner)} has been deleted meanwhile, so adopts no pods`);
    }
  }

  /** Sets, or with a uid removes, an owner; fails when the pod has changed since it was looked at. */
  async function setOwner(
    pod: Stored<Pod>,
    add: ReturnType<typeof controllerReference> | undefined,
    remove?: string,
  ): Promise<void> {
    const { uid, resourceVersion, ownerReferences = [] } = pod.metadata;
    const rest = ownerReferences.filter((reference) => reference.uid !== (add?.uid ?? remove));
    const body = { metadata: { uid, resourceVersion, ownerReferences: add ? [...rest, add] : rest } };
    try {
      await client.patch(podKind, pod.metadata, { type: 'merge', body });
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
  }

  async function changeCount(
    owner: Stored<T>,
    plan: { readonly create: number; readonly remove: readonly Stored<Pod>[] },
  ): Promise<{ failure?: ReplicaFailure; error?: unknown }> {
    const reference = controllerReference(kind.type, owner);
    const { namespace = '', name } = owner.metadata;
    const { error } = await slowStart(plan.create, async () => {
      const pod = podFromTemplate(owner.spec?.template, name, reference);
      const created = await client.create(podKind, { ...pod, metadata: { ...pod.metadata, namespace } });
      events.record(owner, 'Normal', 'SuccessfulCreate', `Created pod: ${created.metadata.name}`);
    });
    if (error) {
      const message = asApiError(error).message;
      events.record(owner, 'Warning', 'FailedCreate', `Error creating: ${message}`);
      return { failure: { reason: 'FailedCreate', message }, error };
    }
    const results = await Promise.allSettled(plan.remove.map((pod) => removePod(owner, pod)));
    const failed = results.find((result) => result.status === 'rejected');
    if (!failed) return {};
    return {
      failure: { reason: 'FailedDelete', message: asApiError(failed.reason).message },
      error: failed.reason,
    };
  }

  async function removePod(owner: Stored<T>, pod: Stored<Pod>): Promise<void> {
    const { name, uid } = pod.metadata;
    try {
      await client.delete(podKind, pod.metadata, { preconditions: { uid } });
      events.record(owner, 'Normal', 'SuccessfulDelete', `Deleted pod: ${name}`);
    } catch (error) {
      if (isNotFound(error)) return;
      events.record(owner, 'Warning', 'FailedDelete', `Error deleting: ${asApiError(error).message}`);
      throw error;
    }
  }

  async function writeStatus(owner: Stored<T>, status: ReplicaSetStatus): Promise<void> {
    try {
      await client.update(kind.type, kind.withStatus(owner, status), { subresource: 'status' });
    } catch (error) {
      // Deleted meanwhile: there is nothing left to report about.
      if (!isNotFound(error)) throw error;
    }
  }

  return { name: kind.type.plural, queue, reconcile };
}

function sameLabels(a: Pod, b: Pod): boolean {
  return a.metadata?.labels === b.metadata?.labels || sameJson(a.metadata?.labels, b.metadata?.labels);
}
