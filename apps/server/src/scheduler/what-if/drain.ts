import type {
  DrainMove,
  DrainPreview,
  PlacementPreviewStatus,
} from '@wheelhouse/shared/scheduling/placement-preview';
import type { Pod } from 'kubernetes-types/core/v1';
import type { Moment } from '../core/scheduler-core';
import { verdictText } from '../core/verdict-text';
import type { Framework } from '../framework/framework';
import { type BudgetsIn, budgetsFor } from '../plugins/preemption/budgets';
import { isFinished, type PodInfo, podInfo, podOwner } from '../snapshot/pod-info';
import { Play } from './play';
import { evictionsOf } from './preview';

export interface DrainInput {
  /** A fork: the preview changes it. */
  readonly moment: Moment;
  readonly node: string;
  /** The pods on the node, oldest first. */
  readonly pods: readonly Pod[];
  frameworkFor(pod: Pod): Framework | undefined;
  readonly budgetsIn: BudgetsIn;
}

const MIRROR = 'kubernetes.io/config.mirror';

/**
 * Plays the emptying of a node through, as `kubectl drain --ignore-daemonsets` does it: no new pods there, all but
 * the pods of daemon sets leave, whoever manages them makes successors, those look for a node. Yields between
 * decisions. Leaves no trace outside the fork.
 */
export function* drainSteps(input: DrainInput): Generator<void, PlacementPreviewStatus, void> {
  const { moment, node, pods } = input;
  const { snapshot } = moment;
  const stays: DrainPreview['stays'][number][] = [];
  const leaving: PodInfo[] = [];
  for (const pod of pods) {
    const reason = reasonToStay(pod);
    const info = podInfo(pod);
    if (reason === undefined) leaving.push(info);
    else stays.push({ namespace: info.namespace, pod: info.name, reason });
  }
  const known = snapshot.node(node);
  if (known)
    snapshot.setNode({ ...known.traits.node, spec: { ...known.traits.node.spec, unschedulable: true } });
  for (const { uid } of leaving) snapshot.removePod(uid, node);

  const play = new Play(moment);
  const moves: DrainMove[] = [];
  // Who finds no node is tried again once others have made room.
  do {
    for (const [index, info] of leaving.entries()) {
      const before = moves[index]?.outcome ?? 'homeless';
      if (before !== 'homeless') continue;
      const found = successor(info, index, { ...input, play });
      moves[index] = { namespace: info.namespace, pod: info.name, ...found };
      yield;
    }
  } while (play.settle());
  const placements = moves.flatMap(({ pod, node: target }, ordinal) =>
    target === undefined ? [] : [{ ordinal, pod, node: target }],
  );
  return {
    currentReplicas: leaving.length,
    placements,
    removals: leaving.map(({ name }) => ({ pod: name, node })),
    evictions: evictionsOf(play),
    unplaced: moves.filter(({ outcome }) => outcome === 'homeless').length,
    maximum: { replicas: placements.length, exact: true, reason: '', limits: [] },
    drain: { node, moves, stays, blockedBy: blockedBy(leaving, input.budgetsIn) },
    perNode: perNode(node, leaving.length, placements),
  };
}

function reasonToStay(pod: Pod): string | undefined {
  if (pod.metadata?.annotations?.[MIRROR] !== undefined) return 'its node runs it by itself';
  if (isFinished(pod)) return undefined;
  const owner = pod.metadata?.ownerReferences?.find(({ controller }) => controller);
  return owner?.kind === 'DaemonSet' ? `the DaemonSet ${owner.name} keeps it on every node` : undefined;
}

/** What becomes of the pod: where the one that takes its place would go. */
function successor(
  { pod }: PodInfo,
  index: number,
  { play, frameworkFor }: Pick<DrainInput, 'frameworkFor'> & { readonly play: Play },
): Pick<DrainMove, 'outcome' | 'node' | 'reason'> {
  if (isFinished(pod)) return { outcome: 'finished', reason: 'it ran to its end' };
  if (podOwner(pod) === undefined)
    return { outcome: 'lost', reason: 'nobody manages it, so nobody makes it again' };
  const framework = frameworkFor(pod);
  if (!framework) {
    const reason = `the scheduler ${pod.spec?.schedulerName} places it, which cannot be previewed`;
    return { outcome: 'unknown', reason };
  }
  const { nodeName: _, ...spec } = pod.spec ?? { containers: [] };
  const { deletionTimestamp: __, ...metadata } = pod.metadata ?? {};
  const copy = podInfo({
    ...pod,
    metadata: { ...metadata, uid: `preview-drain-${index}` },
    spec,
    status: {},
  });
  const result = play.attempt(framework, copy);
  if (result.kind === 'placed') return { outcome: 'placed', node: result.node };
  return { outcome: 'homeless', reason: verdictText(result.verdict) };
}

/** Budgets whose allowance ends before all of their pods here have left. */
function blockedBy(leaving: readonly PodInfo[], budgetsIn: BudgetsIn): DrainPreview['blockedBy'] {
  const blocks = new Map<string, { namespace: string; budget: string; allowed: number; pods: string[] }>();
  const asked = new Map<string, number>();
  for (const info of leaving) {
    if (isFinished(info.pod) || info.terminating) continue;
    for (const { metadata, status } of budgetsFor(info, budgetsIn)) {
      const budget = metadata?.name ?? '';
      const key = `${info.namespace}/${budget}`;
      const allowed = status?.disruptionsAllowed ?? 0;
      const count = (asked.get(key) ?? 0) + 1;
      asked.set(key, count);
      if (count <= allowed) continue;
      const block = blocks.get(key) ?? { namespace: info.namespace, budget, allowed, pods: [] };
      block.pods.push(info.name);
      blocks.set(key, block);
    }
  }
  return [...blocks.values()];
}

function perNode(
  drained: string,
  leaving: number,
  placements: readonly { readonly node: string }[],
): PlacementPreviewStatus['perNode'] {
  const counts = new Map<string, number>();
  for (const { node } of placements) counts.set(node, (counts.get(node) ?? 0) + 1);
  return [
    { node: drained, current: leaving, preview: 0 },
    ...[...counts].map(([node, preview]) => ({ node, current: 0, preview })),
  ];
}
