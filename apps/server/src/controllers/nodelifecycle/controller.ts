import { isNotFound } from '@wheelhouse/shared/errors';
import { leaseKind } from '@wheelhouse/shared/kinds/coordination/lease';
import { nodeKind } from '@wheelhouse/shared/kinds/core/node';
import { podKind } from '@wheelhouse/shared/kinds/core/pod';
import { keyOf, type ObjectKey, type Stored } from '@wheelhouse/shared/meta/object';
import type { Node, Pod } from 'kubernetes-types/core/v1';
import type { ControllerContext, ControllerDefinition, Outcome, Reconciler } from '../machinery/controller';
import { type Disruption, markDisrupted } from '../machinery/disruption-target';
import { isFinished, isReady } from '../machinery/pods';
import { evictionTime } from './eviction';
import { lifeMark, observe, readyStatus, type SignOfLife, silentConditions } from './health';
import { TaintTimes } from './taint-times';
import { desiredTaints, hasEvictionTaint, needsEvictionTaint } from './taints';
import { followZones, type Permission } from './zone-limits';

const BY_TAINT: Disruption = {
  reason: 'DeletionByTaintManager',
  message: 'Taint manager: deleting due to NoExecute taint',
};
const LEASE_NAMESPACE = 'kube-node-lease';
const DEFAULT_GRACE_SECONDS = 40;

/**
 * Watches over nodes: one whose kubelet falls silent becomes NotReady, gets taints, its pods count as not ready, and
 * those that do not tolerate that for longer are deleted, so that they start elsewhere.
 */
export const nodeLifecycleController: ControllerDefinition = {
  name: 'nodelifecycle',
  setup: (context) => [...healthReconcilers(context), evictionReconciler(context)],
};

/** Keys are nodes; and the zones that they form. */
function healthReconcilers(context: ControllerContext): Reconciler[] {
  const { client, clock } = context;
  const graceMs = (context.settings.nodeMonitorGraceSeconds ?? DEFAULT_GRACE_SECONDS) * 1000;
  const queue = context.queue();
  const nodes = context.cache(nodeKind);
  const leases = context.cache(leaseKind);
  const pods = context.cache(podKind);
  const events = context.recorder('node-controller');
  /** Entries of nodes that exist; the mark changes with each sign of life. */
  const signs = new Map<string, SignOfLife>();

  function look(name: string): SignOfLife {
    const renewal = leases.get(`${LEASE_NAMESPACE}/${name}`)?.spec?.renewTime;
    const sign = observe(signs.get(name), lifeMark(nodes.get(name), renewal), clock.monotonic());
    signs.set(name, sign);
    return sign;
  }
  /** Have a permit that they have not used yet: a write that fails must not cost a second one. */
  const permitted = new Set<string>();
  const silentMs = (name: string) => clock.monotonic() - look(name).seenAt;
  const zones = followZones(context, {
    isSilent: (name) => silentMs(name) >= graceMs,
    onChange(all) {
      for (const node of all) if (readyStatus(node) !== 'True') queue.add(keyOf(node));
    },
  });
  const tell = (node: Stored<Node>, reason: string, what: string) =>
    events.record(node, 'Normal', reason, `Node ${node.metadata.name} event: ${what}`);

  context.informer(nodeKind).subscribe({
    added(node) {
      look(node.metadata.name);
      queue.add(keyOf(node));
      tell(node, 'RegisteredNode', `Registered Node ${node.metadata.name} in Controller`);
    },
    updated(node) {
      look(node.metadata.name);
      queue.add(keyOf(node));
    },
    deleted(node) {
      signs.delete(node.metadata.name);
      permitted.delete(node.metadata.name);
      tell(node, 'RemovingNode', `Removing Node ${node.metadata.name} from Controller`);
    },
  });
  // A renewal needs no reconcile: the one that is due when the grace ends looks at the time of the last.
  const renewed = ({ metadata }: { metadata: { name: string; namespace?: string } }) => {
    if (metadata.namespace === LEASE_NAMESPACE && nodes.get(metadata.name)) look(metadata.name);
  };
  context.informer(leaseKind).subscribe({ added: renewed, updated: renewed });
  // Pods that arrive on, or become ready on, a node that is not.
  context.informer(podKind).subscribe({
    updated(pod) {
      const node = pod.spec?.nodeName ? nodes.get(pod.spec.nodeName) : undefined;
      if (node && isReady(pod) && readyStatus(node) !== 'True') queue.add(keyOf(node));
    },
  });

  async function reconcile(key: ObjectKey): Promise<Outcome> {
    let node = nodes.get(key);
    if (!node) return undefined;
    const silence = silentMs(key);
    if (silence >= graceMs) node = await markSilent(node);
    const permission = mayEvict(node);
    node = await taint(node, permission.granted);
    const ready = readyStatus(node);
    if (ready !== 'True' && node.status?.conditions?.some(({ type }) => type === 'Ready'))
      await markPods(node);
    // While it is silent the next sign of life comes as an update of the node itself.
    const waits = [
      ...(silence >= graceMs ? [] : [graceMs - silence]),
      ...(permission.granted || permission.afterMs === undefined ? [] : [permission.afterMs]),
    ];
    return waits.length > 0 ? { requeueAfterMs: Math.min(...waits) } : undefined;
  }

  /** Whether the taint that drives pods away may be set, or stay. Nodes that have it exchange it at once. */
  function mayEvict(node: Stored<Node>): Permission {
    if (zones.isAllDisrupted()) return { granted: false, afterMs: undefined };
    const { name } = node.metadata;
    if (!needsEvictionTaint(node) || hasEvictionTaint(node)) {
      permitted.delete(name);
      return { granted: true };
    }
    if (permitted.has(name)) return { granted: true };
    const permission = zones.take(node);
    if (permission.granted) permitted.add(name);
    return permission;
  }

  async function markSilent(node: Stored<Node>): Promise<Stored<Node>> {
    const conditions = silentConditions(node, clock.now());
    if (!conditions) return node;
    const next = { ...node, status: { ...node.status, conditions } };
    const updated = await client.update(nodeKind, next, { subresource: 'status' });
    const { name } = node.metadata;
    events.record(node, 'Normal', 'NodeNotReady', `Node ${name} status is now: NodeNotReady`);
    return updated;
  }

  async function taint(node: Stored<Node>, evict: boolean): Promise<Stored<Node>> {
    const taints = desiredTaints(node, { evict }, clock.now());
    if (!taints) return node;
    const { uid, resourceVersion, name } = node.metadata;
    const body = { metadata: { uid, resourceVersion }, spec: { taints } };
    return client.patch(nodeKind, { name }, { type: 'merge', body });
  }

  /** Services must stop sending connections there at once, long before the pods are moved. */
  async function markPods(node: Stored<Node>): Promise<void> {
    const affected = pods
      .byIndex('node', node.metadata.name)
      .filter((pod) => isReady(pod) && !isFinished(pod));
    await Promise.all(affected.map(markPod));
  }

  async function markPod(pod: Stored<Pod>): Promise<void> {
    const lastTransitionTime = clock
      .now()
      .toISOString()
      .replace(/\.\d+Z$/, 'Z');
    const conditions = (pod.status?.conditions ?? []).map((condition) =>
      condition.type === 'Ready' ? { ...condition, status: 'False', lastTransitionTime } : condition,
    );
    try {
      await client.update(
        podKind,
        { ...pod, status: { ...pod.status, conditions } },
        { subresource: 'status' },
      );
      events.record(pod, 'Warning', 'NodeNotReady', 'Node is not ready');
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
  }

  return [{ name: 'node health', queue, reconcile }, zones.reconciler];
}

/** Keys are pods. */
function evictionReconciler(context: ControllerContext): Reconciler {
  const { client, clock } = context;
  const queue = context.queue();
  const nodes = context.cache(nodeKind);
  const pods = context.cache(podKind);
  const events = context.recorder('taint-eviction-controller');
  const taintTimes = new TaintTimes(clock);
  /** Pods that go when their time is over. */
  const pending = new Set<ObjectKey>();

  const isTainted = (node: Node | undefined) =>
    node?.spec?.taints?.some(({ effect }) => effect === 'NoExecute');
  const enqueuePods = (node: Stored<Node>) => {
    for (const pod of pods.byIndex('node', node.metadata.name)) queue.add(keyOf(pod));
  };
  context.informer(nodeKind).subscribe({
    added(node) {
      if (taintTimes.of(node).length) enqueuePods(node);
    },
    deleted: (node) => taintTimes.forget(node.metadata.name),
    updated(node, previous) {
      taintTimes.of(node);
      const concerned = isTainted(node) || isTainted(previous);
      if (concerned && JSON.stringify(node.spec?.taints) !== JSON.stringify(previous.spec?.taints)) {
        enqueuePods(node);
      }
    },
  });
  const enqueue = (pod: Stored<Pod>) => {
    if (pod.spec?.nodeName && isTainted(nodes.get(pod.spec.nodeName))) queue.add(keyOf(pod));
  };
  context.informer(podKind).subscribe({
    added: enqueue,
    updated(pod, previous) {
      const moved = pod.spec?.nodeName !== previous.spec?.nodeName;
      const tolerations =
        JSON.stringify(pod.spec?.tolerations) !== JSON.stringify(previous.spec?.tolerations);
      if (moved || tolerations) enqueue(pod);
    },
    deleted: (pod) => pending.delete(keyOf(pod)),
  });

  /** Looks at the taints as they are now, so a node that has recovered meanwhile keeps its pods. */
  async function reconcile(key: ObjectKey): Promise<Outcome> {
    const pod = pods.get(key);
    const node = pod?.spec?.nodeName ? nodes.get(pod.spec.nodeName) : undefined;
    if (!pod || !node || pod.metadata.deletionTimestamp) {
      pending.delete(key);
      return undefined;
    }
    const time = evictionTime(pod, taintTimes.of(node));
    if (time === undefined) {
      if (pending.delete(key))
        events.record(pod, 'Normal', 'TaintManagerEviction', `Cancelling deletion of Pod ${key}`);
      return undefined;
    }
    const leftMs = time - clock.now().getTime();
    if (leftMs > 0) {
      pending.add(key);
      return { requeueAfterMs: leftMs };
    }
    pending.delete(key);
    events.record(pod, 'Normal', 'TaintManagerEviction', `Marking for deletion Pod ${key}`);
    if (!(await markDisrupted(client, pod, { disruption: BY_TAINT, now: clock.now() }))) return undefined;
    try {
      await client.delete(podKind, pod.metadata, { preconditions: { uid: pod.metadata.uid } });
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
    return undefined;
  }

  return { name: 'taint eviction', queue, reconcile };
}
