import { asApiError, isNotFound } from '@wheelhouse/shared/errors';
import { daemonSetKind } from '@wheelhouse/shared/kinds/apps/daemon-set';
import { nodeKind } from '@wheelhouse/shared/kinds/core/node';
import { podKind } from '@wheelhouse/shared/kinds/core/pod';
import { keyOf, type ObjectKey, type Stored } from '@wheelhouse/shared/meta/object';
import type { DaemonSet } from 'kubernetes-types/apps/v1';
import type { Node, Pod } from 'kubernetes-types/core/v1';
import { claimMembers } from '../machinery/claim-members';
import type { ControllerDefinition, Outcome } from '../machinery/controller';
import { controllerOf, refersTo } from '../machinery/owners';
import { sameJson } from '../machinery/same-json';
import { selectorMatcher } from '../machinery/selectors';
import { slowStart } from '../machinery/slow-start';
import { hashOf, REVISION_LABEL, revisionHistory } from '../revisions/history';
import type { StoredRevision } from '../revisions/plan';
import { daemonSpec, newDaemonPod } from './new-pod';
import { judgeNodes, nodeOf } from './nodes';
import { type DaemonPlan, planDaemonSet } from './plan';
import { Retries } from './retries';
import { daemonSetStatus } from './status';

/** Most pods that one reconcile makes or removes; the next one goes on. */
const BURST = 250;

/** Keeps a pod on every node that should have one, and moves them from one template to the next. */
export const daemonSetController: ControllerDefinition = {
  name: 'daemonset',
  setup(context) {
    const { client, clock } = context;
    const queue = context.queue();
    const sets = context.cache(daemonSetKind);
    const nodes = context.cache(nodeKind);
    const pods = context.cache(podKind);
    const events = context.recorder('daemonset-controller');
    const history = revisionHistory(context, daemonSetKind, { hashLabel: REVISION_LABEL, limited: 'old' });
    const retries = new Retries(clock);

    context.informer(daemonSetKind).subscribe({
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
    context.informer(nodeKind).subscribe({
      added: enqueueAll,
      updated: (node, previous) => !sameForDaemons(node, previous) && enqueueAll(),
      deleted: enqueueAll,
    });

    function enqueueAll(): void {
      for (const set of sets.list()) queue.add(keyOf(set));
    }

    function enqueueOwner(pod: Stored<Pod>): void {
      const controller = controllerOf(pod);
      const namespace = pod.metadata.namespace ?? '';
      if (controller) {
        if (refersTo(controller, daemonSetKind)) queue.add(`${namespace}/${controller.name}`);
        return;
      }
      if (pod.metadata.deletionTimestamp) return;
      for (const set of sets.byIndex('namespace', namespace)) {
        if (selectorMatcher(set.spec?.selector)(pod.metadata.labels)) queue.add(keyOf(set));
      }
    }

    async function reconcile(key: ObjectKey): Promise<Outcome> {
      const set = sets.get(key);
      if (!set || set.metadata.deletionTimestamp) return undefined;
      const { uid } = set.metadata;
      await claimPods(set);
      const { newest, all, collisions } = await history.sync(set);
      const hash = hashOf(newest);
      const verdicts = judgeNodes(daemonSpec(set), nodes.list());
      const retryKey = (node: string) => `${uid}/${hash}/${node}`;
      const plan = planDaemonSet(
        set,
        {
          pods: pods.byIndex('controller', uid),
          nodes: verdicts,
          hash,
          msUntilRetry: (node) => retries.msLeft(retryKey(node)),
        },
        clock.now(),
      );
      for (const { node, pod } of plan.finished) {
        if (pod.status?.phase === 'Failed') retries.note(retryKey(node));
      }
      const failure = await carryOut(set, plan, hash);
      // Read again: what was just created and deleted is in the cache already.
      const own = pods.byIndex('controller', uid);
      const input = { pods: own, nodes: verdicts, hash, collisions };
      const { status, nextChangeMs } = daemonSetStatus(set, input, clock.now());
      if (!sameJson(status, set.status)) {
        await client.update(daemonSetKind, { ...set, status }, { subresource: 'status' });
      }
      if (failure) throw failure;
      await history.trim(set, all, inUse(newest, all, own));
      const waits = [plan.retryMs, nextChangeMs].filter((ms) => ms !== undefined);
      if (plan.create.length > BURST || plan.remove.length > BURST) waits.push(0);
      return waits.length > 0 ? { requeueAfterMs: Math.min(...waits) } : undefined;
    }

    async function claimPods(set: Stored<DaemonSet>): Promise<void> {
      const { uid, namespace = '' } = set.metadata;
      const selects = selectorMatcher(set.spec?.selector);
      await claimMembers(client, {
        ownerType: daemonSetKind,
        owner: set,
        memberType: podKind,
        candidates: [...pods.byIndex('controller', uid), ...pods.byIndex('orphan', namespace)],
        matches: ({ metadata }) => selects(metadata.labels),
      });
    }

    /** Resolves with what went wrong. */
    async function carryOut(set: Stored<DaemonSet>, plan: DaemonPlan, hash: string): Promise<unknown> {
      const create = plan.create.slice(0, BURST);
      const { error } = await slowStart(create.length, async (index) => {
        const pod = newDaemonPod(set, create[index] ?? '', hash);
        const created = await client.create(podKind, pod);
        events.record(set, 'Normal', 'SuccessfulCreate', `Created pod: ${created.metadata.name}`);
      });
      if (error) {
        const { message } = asApiError(error);
        events.record(set, 'Warning', 'FailedCreate', `Error creating: ${message}`);
      }
      const removals = [...plan.finished.map(({ pod }) => pod), ...plan.remove].slice(0, BURST);
      const results = await Promise.allSettled(removals.map((pod) => removePod(set, pod)));
      const failed = results.find((result) => result.status === 'rejected');
      return error ?? failed?.reason;
    }

    async function removePod(set: Stored<DaemonSet>, pod: Stored<Pod>): Promise<void> {
      const { name, uid } = pod.metadata;
      const node = nodeOf(pod);
      if (pod.status?.phase === 'Failed') {
        const text = `Found failed daemon pod ${keyOf(pod)} on node ${node}, will try to kill it`;
        events.record(set, 'Warning', 'FailedDaemonPod', text);
      } else if (pod.status?.phase === 'Succeeded') {
        const text = `Found succeeded daemon pod ${keyOf(pod)} on node ${node}, will try to delete it`;
        events.record(set, 'Normal', 'SucceededDaemonPod', text);
      }
      try {
        await client.delete(podKind, pod.metadata, { preconditions: { uid } });
        events.record(set, 'Normal', 'SuccessfulDelete', `Deleted pod: ${name}`);
      } catch (error) {
        if (isNotFound(error)) return;
        events.record(set, 'Warning', 'FailedDelete', `Error deleting: ${asApiError(error).message}`);
        throw error;
      }
    }

    return { name: 'daemonsets', queue, reconcile };
  },
};

/** Names of the revisions that have pods, and the newest. */
function inUse(newest: StoredRevision, all: readonly StoredRevision[], own: readonly Pod[]): Set<string> {
  const hashes = new Set(own.map(({ metadata }) => metadata?.labels?.[REVISION_LABEL]));
  return new Set([
    newest.metadata.name,
    ...all.filter((revision) => hashes.has(hashOf(revision))).map(({ metadata }) => metadata.name),
  ]);
}

/** Heartbeats and images say nothing about where daemons run. */
function sameForDaemons(a: Node, b: Node): boolean {
  return sameJson([a.metadata?.labels, a.spec?.taints], [b.metadata?.labels, b.spec?.taints]);
}
