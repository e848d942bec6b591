import { asApiError, isAlreadyExists, isNotFound } from '@wheelhouse/shared/errors';
import { statefulSetKind } from '@wheelhouse/shared/kinds/apps/stateful-set';
import { podKind } from '@wheelhouse/shared/kinds/core/pod';
import { keyOf, type ObjectKey, type Stored } from '@wheelhouse/shared/meta/object';
import type { StatefulSet, StatefulSetStatus } from 'kubernetes-types/apps/v1';
import type { Pod } from 'kubernetes-types/core/v1';
import { claimMembers } from '../machinery/claim-members';
import type { ControllerDefinition, Outcome } from '../machinery/controller';
import { controllerOf, refersTo } from '../machinery/owners';
import { sameJson } from '../machinery/same-json';
import { selectorMatcher } from '../machinery/selectors';
import { HASH_LABEL, type History, revisionHistory } from '../revisions/history';
import { templateOf } from '../revisions/plan';
import { statefulClaims } from './claims';
import { missingLabels, newStatefulPod, ordinalOf, podName } from './identity';
import { type NewReplica, ordinalRange, planStatefulSet, type RemovedPod } from './plan';
import { revisionsInUse, statefulSetStatus } from './status';

/** Deleting a claim whose pod is gone is up to others, so its end is asked for rather than waited for. */
const CLAIM_GOES_MS = 1_000;

/** Keeps named pods with storage of their own, and moves them from one template to the next in order. */
export const statefulSetController: ControllerDefinition = {
  name: 'statefulset',
  setup(context) {
    const { client, clock } = context;
    const queue = context.queue();
    const sets = context.cache(statefulSetKind);
    const pods = context.cache(podKind);
    const events = context.recorder('statefulset-controller');
    const history = revisionHistory(context, statefulSetKind, { hashLabel: HASH_LABEL, limited: 'idle' });
    const claims = statefulClaims(context, events);

    context.informer(statefulSetKind).subscribe({
      added: (set) => queue.add(keyOf(set)),
      updated: (set) => queue.add(keyOf(set)),
    });
    context.informer(podKind).subscribe({
      added: enqueueOwner,
      updated(pod, previous) {
        if (controllerOf(pod)?.uid !== controllerOf(previous)?.uid) enqueueOwner(previous);
        enqueueOwner(pod);
      },
      deleted: enqueueOwner,
    });

    function enqueueOwner(pod: Stored<Pod>): void {
      const controller = controllerOf(pod);
      const namespace = pod.metadata.namespace ?? '';
      if (controller) {
        if (refersTo(controller, statefulSetKind)) queue.add(`${namespace}/${controller.name}`);
        return;
      }
      for (const set of sets.byIndex('namespace', namespace)) {
        // Also one of another selector: it may wait for the name.
        if (ordinalOf(set, pod) !== undefined) queue.add(keyOf(set));
      }
    }

    async function reconcile(key: ObjectKey): Promise<Outcome> {
      const set = sets.get(key);
      if (!set) return undefined;
      if (set.metadata.deletionTimestamp) return reportEnd(set);
      await claimPods(set);
      const revisions = await history.sync(set);
      const input = () => ({
        pods: pods.byIndex('controller', set.metadata.uid),
        currentRevision: currentRevision(set, revisions),
        updateRevision: revisions.newest.metadata.name,
        collisions: revisions.collisions,
      });
      const failure = await carryOut(set, revisions, input());
      // Read again: what was just created and deleted is in the cache already.
      const after = input();
      const { status, nextChangeMs } = statefulSetStatus(set, after, clock.now());
      await writeStatus(set, status);
      if (failure?.error) throw failure.error;
      await history.trim(set, revisions.all, revisionsInUse(status, after.pods));
      if (failure) return { requeueAfterMs: CLAIM_GOES_MS };
      return nextChangeMs === undefined ? undefined : { requeueAfterMs: nextChangeMs };
    }

    /** A set that waits for its dependents to go makes and removes nothing, but says what is left. */
    async function reportEnd(set: Stored<StatefulSet>): Promise<undefined> {
      const { currentRevision = '', updateRevision = '', collisionCount = 0 } = set.status ?? {};
      const own = pods.byIndex('controller', set.metadata.uid);
      const input = { pods: own, currentRevision, updateRevision, collisions: collisionCount };
      await writeStatus(set, statefulSetStatus(set, input, clock.now()).status);
    }

    async function writeStatus(set: Stored<StatefulSet>, status: StatefulSetStatus): Promise<void> {
      if (sameJson(status, set.status)) return;
      await client.update(statefulSetKind, { ...set, status }, { subresource: 'status' });
    }

    async function claimPods(set: Stored<StatefulSet>): Promise<void> {
      const { uid, namespace = '' } = set.metadata;
      const selects = selectorMatcher(set.spec?.selector);
      await claimMembers(client, {
        ownerType: statefulSetKind,
        owner: set,
        memberType: podKind,
        candidates: [...pods.byIndex('controller', uid), ...pods.byIndex('orphan', namespace)],
        matches: (pod) => selects(pod.metadata.labels) && ordinalOf(set, pod) !== undefined,
      });
    }

    /** Resolves with what went wrong; without an error: with what has to be waited for. */
    async function carryOut(
      set: Stored<StatefulSet>,
      revisions: History,
      input: Parameters<typeof planStatefulSet>[1],
    ): Promise<{ error?: unknown } | undefined> {
      const plan = planStatefulSet(set, input, clock.now());
      const results = await Promise.allSettled([
        ...input.pods.map((pod) => keepIdentity(set, pod)),
        ...plan.create.map((replica) => createPod(set, revisions, replica)),
        ...plan.remove.map((removed) => removePod(set, removed)),
      ]);
      const failed = results.find((result) => result.status === 'rejected');
      if (failed) return { error: failed.reason };
      const waits = results.some((result) => result.status === 'fulfilled' && result.value === 'waits');
      return waits ? {} : undefined;
    }

    /** Labels that name the pod are put back, claims that it lacks are made, their owners are set. */
    async function keepIdentity(set: Stored<StatefulSet>, pod: Stored<Pod>): Promise<void> {
      const ordinal = ordinalOf(set, pod);
      if (pod.metadata.deletionTimestamp || ordinal === undefined) return;
      const { start, end } = ordinalRange(set);
      // One that is about to go needs nothing more, but its claims have to know whom they follow.
      const isWanted = ordinal >= start && ordinal < end;
      const labels = isWanted ? missingLabels(set, pod) : undefined;
      if (labels) {
        const body = { metadata: { uid: pod.metadata.uid, labels } };
        await client.patch(podKind, pod.metadata, { type: 'merge', body });
        const text = `update Pod ${pod.metadata.name} in StatefulSet ${set.metadata.name} successful`;
        events.record(set, 'Normal', 'SuccessfulUpdate', text);
      }
      if (isWanted && pod.status?.phase === 'Pending') await claims.ensure(set, pod.metadata.name);
      await claims.keepOwners(set, pod);
    }

    async function createPod(
      set: Stored<StatefulSet>,
      revisions: History,
      { ordinal, revision }: NewReplica,
    ): Promise<'waits' | undefined> {
      const name = podName(set, ordinal);
      const stored = revisions.all.find(({ metadata }) => metadata.name === revision);
      const template = (stored && templateOf(stored)) ?? set.spec?.template;
      const made = stored ? revision : revisions.newest.metadata.name;
      if (claims.isLeftOver(set, name)) return 'waits';
      try {
        await claims.ensure(set, name);
        await client.create(podKind, newStatefulPod(set, { ordinal, template, revision: made }));
      } catch (error) {
        // Somebody else's pod has the name, or the cache does not show ours yet.
        if (isAlreadyExists(error)) throw error;
        const message = error instanceof Error ? error.message : String(error);
        const text = `create Pod ${name} in StatefulSet ${set.metadata.name} failed error: ${message}`;
        events.record(set, 'Warning', 'FailedCreate', text);
        throw error;
      }
      const text = `create Pod ${name} in StatefulSet ${set.metadata.name} successful`;
      events.record(set, 'Normal', 'SuccessfulCreate', text);
      return undefined;
    }

    async function removePod(set: Stored<StatefulSet>, { pod, why }: RemovedPod): Promise<void> {
      const { name, uid } = pod.metadata;
      if (why === 'failed' || why === 'succeeded') {
        const text = `StatefulSet ${keyOf(set)} is recreating ${why} Pod ${name}`;
        const reason = why === 'failed' ? 'RecreatingFailedPod' : 'RecreatingTerminatedPod';
        events.record(set, why === 'failed' ? 'Warning' : 'Normal', reason, text);
      }
      // The claims have to know beforehand that they go with it.
      if (why === 'scaled') await claims.keepOwners(set, pod);
      const subject = `delete Pod ${name} in StatefulSet ${set.metadata.name}`;
      try {
        await client.delete(podKind, pod.metadata, { preconditions: { uid } });
        events.record(set, 'Normal', 'SuccessfulDelete', `${subject} successful`);
      } catch (error) {
        if (isNotFound(error)) return;
        const { message } = asApiError(error);
        events.record(set, 'Warning', 'FailedDelete', `${subject} failed error: ${message}`);
        throw error;
      }
    }

    return { name: 'statefulsets', queue, reconcile };
  },
};

/** The revision that a rollout comes from; the newest one where that is forgotten or gone. */
function currentRevision(set: Stored<StatefulSet>, revisions: History): string {
  const name = set.status?.currentRevision;
  const known = revisions.all.some(({ metadata }) => metadata.name === name);
  return name !== undefined && known ? name : revisions.newest.metadata.name;
}
