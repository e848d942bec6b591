import type { Stored } from '@wheelhouse/shared/meta/object';
import type { DaemonSet } from 'kubernetes-types/apps/v1';
import type { Pod } from 'kubernetes-types/core/v1';
import { isReady } from '../machinery/pods';
import { isAvailable, isUpdated, oldestFirst, podsByNode, updateBounds } from './members';
import type { NodeVerdict } from './nodes';
import { rollOut } from './rolling';

export interface DaemonInput {
  /** Its own pods, those on their way out too. */
  readonly pods: readonly Stored<Pod>[];
  /** By name, of every node that exists. */
  readonly nodes: ReadonlyMap<string, NodeVerdict>;
  /** What pods of the current template carry. */
  readonly hash: string;
  /** Milliseconds until a failed pod of the node may be replaced: it may well fail again. */
  msUntilRetry(node: string): number;
}

export interface DaemonPlan {
  /** Names of nodes that get a pod. */
  readonly create: string[];
  readonly remove: Stored<Pod>[];
  /** Failed and succeeded pods: removed too, and made again once they are gone. */
  readonly finished: { readonly node: string; readonly pod: Stored<Pod> }[];
  /** When a failed pod's back-off ends, in milliseconds. */
  readonly retryMs: number | undefined;
}

/**
 * One step towards a pod on every node that should have one. First each node gets to one pod; only when nothing is
 * left to do there, a rolling update moves on, within its budget.
 */
export function planDaemonSet(set: DaemonSet, input: DaemonInput, now: Date): DaemonPlan {
  const create: string[] = [];
  const remove: Stored<Pod>[] = [];
  const finished: { node: string; pod: Stored<Pod> }[] = [];
  let retryMs: number | undefined;
  if (set.metadata?.deletionTimestamp) return { create, remove, finished, retryMs };
  const byNode = podsByNode(input.pods);
  const surges = Boolean(updateBounds(set, 1).maxSurge);

  for (const [node, { run, stay }] of input.nodes) {
    const pods = byNode.get(node) ?? [];
    const living = pods.filter(({ metadata }) => !metadata.deletionTimestamp);
    if (pods.length === 0) {
      if (run) create.push(node);
    } else if (!stay) {
      remove.push(...living);
    } else {
      for (const pod of living) {
        const phase = pod.status?.phase;
        const wait = phase === 'Failed' ? input.msUntilRetry(node) : 0;
        if (wait > 0) retryMs = Math.min(retryMs ?? wait, wait);
        else if (phase === 'Failed' || phase === 'Succeeded') finished.push({ node, pod });
      }
      const running = living.filter(
        ({ status }) => status?.phase !== 'Failed' && status?.phase !== 'Succeeded',
      );
      remove.push(
        ...(surges ? surplusOfSurge(set, running, input.hash, now) : running.sort(oldestFirst).slice(1)),
      );
    }
  }
  // The scheduler can never place what is pinned to a node that is gone.
  for (const [node, pods] of byNode) {
    if (input.nodes.has(node)) continue;
    remove.push(...pods.filter(({ metadata, spec }) => !metadata.deletionTimestamp && !spec?.nodeName));
  }
  const idle = create.length + remove.length + finished.length === 0;
  if (idle && set.spec?.updateStrategy?.type === 'RollingUpdate') {
    const step = rollOut(set, { ...input, byNode }, now);
    create.push(...step.create);
    remove.push(...step.remove);
  }
  return { create, remove, finished, retryMs };
}

/** Of a node with an old and a new pod the old one goes once the new one is available, or if it is of no use. */
function surplusOfSurge(
  set: DaemonSet,
  running: readonly Stored<Pod>[],
  hash: string,
  now: Date,
): Stored<Pod>[] {
  const [newest, ...newer] = running.filter((pod) => isUpdated(pod, hash)).sort(oldestFirst);
  const [old, ...others] = running.filter((pod) => !isUpdated(pod, hash)).sort(oldestFirst);
  const surplus = [...newer, ...others];
  if (newest && old && (!isReady(old) || isAvailable(set, newest, now))) surplus.push(old);
  return surplus;
}
