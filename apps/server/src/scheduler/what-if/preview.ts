import type {
  PlacementPreviewStatus,
  PreviewPlacement,
} from '@wheelhouse/shared/scheduling/placement-preview';
import type { Pod } from 'kubernetes-types/core/v1';
import { rankForDeletion } from '../../controllers/replication/ranking';
import type { Verdict } from '../core/decide';
import type { Moment } from '../core/scheduler-core';
import type { Framework } from '../framework/framework';
import { type PodInfo, podInfo } from '../snapshot/pod-info';
import { countHeadroom } from './headroom';
import { type Limit, limitSentence, limitsOfVerdict } from './limits';
import { type Attempt, Play } from './play';

export interface PreviewInput {
  /** A fork: the preview changes it. */
  readonly moment: Moment;
  readonly framework: Framework;
  /** The pod with which its controller would scale up, without a name. */
  readonly copy: Pod;
  /** The workload's pods that count as replicas, placed or waiting, in the order of their creation. */
  readonly existing: readonly Pod[];
  /** Pods of sibling workloads, which count where a scale-down chooses; usually the same as `existing`. */
  readonly related: readonly Pod[];
  readonly replicas: number;
  readonly maximumProbe: number;
  /** A scale-down takes the last of `existing` first, whatever they do. */
  readonly shrinksFromEnd?: boolean;
}

/**
 * Plays a change of the replica count through on a fork of the cluster, with the scheduler's own code and in the
 * order in which it would happen. Yields between decisions, so that the caller can let others run; returns the
 * answer. Leaves no trace outside the fork.
 */
export function* previewSteps(input: PreviewInput): Generator<void, PlacementPreviewStatus, void> {
  const { moment, framework, existing, related, replicas } = input;
  const play = new Play(moment);
  const placed = existing.filter((pod) => pod.spec?.nodeName);
  const ranked = input.shrinksFromEnd ? existing.toReversed() : rankForDeletion(existing, related);
  const removals = ranked.slice(0, Math.max(0, existing.length - replicas));
  const removed = new Set(removals);

  const copy = podInfo(input.copy);
  const wanted = [
    ...existing.flatMap((pod, ordinal): Replica[] =>
      pod.spec?.nodeName || removed.has(pod) ? [] : [{ ordinal, pod: podInfo(pod), isNew: false }],
    ),
    ...newReplicas(copy, existing.length, replicas),
  ];
  const { placements, unplaced, limit: known } = yield* placeAll(wanted, framework, play);

  // Those of the replicas themselves; the search for the maximum has others leave.
  const evictions = evictionsOf(play);
  const fitting = placed.length + placements.length;
  const limit = yield* findMaximum(input, { play, copy, fitting, known });
  return {
    currentReplicas: existing.length,
    placements,
    removals: removals.map(({ metadata, spec }) => ({
      pod: metadata?.name ?? '',
      ...(spec?.nodeName ? { node: spec.nodeName } : {}),
    })),
    evictions,
    unplaced,
    maximum: limit,
    perNode: perNode(placed, removed, placements),
  };
}

/** The pods that leave for those of a preview, as its status tells. */
export function evictionsOf(play: Play): NonNullable<PlacementPreviewStatus['evictions']> {
  return play.evicted.map(({ pod: { namespace, name }, node }) => ({ namespace, pod: name, node }));
}

interface Replica {
  readonly ordinal: number;
  readonly pod: PodInfo;
  /** A copy, like all others that are: where one does not fit, none does. */
  readonly isNew: boolean;
}

function newReplicas(copy: PodInfo, from: number, to: number): Replica[] {
  return Array.from({ length: Math.max(0, to - from) }, (_, index) => {
    const ordinal = from + index;
    return { ordinal, pod: { ...copy, uid: `preview-${ordinal}` }, isNew: true };
  });
}

/** Tries all in order, and those without a node again as long as others make room or a placed one may let them fit. */
function* placeAll(wanted: readonly Replica[], framework: Framework, play: Play) {
  const placements: PreviewPlacement[] = [];
  let left = wanted;
  let limit: Verdict | undefined;
  let before: number;
  do {
    const again: Replica[] = [];
    before = placements.length;
    limit = undefined;
    for (const replica of left) {
      const { ordinal, pod, isNew } = replica;
      const result: Attempt | undefined = isNew && limit ? undefined : play.attempt(framework, pod);
      if (result?.kind === 'placed') {
        placements.push({ ordinal, ...(isNew ? {} : { pod: pod.name }), node: result.node });
      } else again.push(replica);
      if (isNew && result?.kind === 'refused') limit = result.verdict;
      yield;
    }
    left = again;
  } while (left.length > 0 && (play.settle() || placements.length > before));
  return { placements, unplaced: left.length, limit };
}

/** The whole preview at once. */
export function preview(input: PreviewInput): PlacementPreviewStatus {
  const steps = previewSteps(input);
  for (;;) {
    const step = steps.next();
    if (step.done) return step.value;
  }
}

interface Tried {
  readonly play: Play;
  readonly copy: PodInfo;
  /** So many have a node. */
  readonly fitting: number;
  /** Why no more do, if that is known already. */
  readonly known: Verdict | undefined;
}

/** How many copies fit at most: counted where each node's room is its own, else tried one by one. */
function* findMaximum(
  { maximumProbe, framework, moment: { snapshot } }: PreviewInput,
  { play, copy, fitting, known }: Tried,
): Generator<void, PlacementPreviewStatus['maximum'], void> {
  const nodes = snapshot.nodes.length;
  let more = 0;
  let last = known;
  for (;;) {
    const counted = play.mayEvict(framework, copy) ? undefined : countHeadroom(framework, snapshot, copy);
    if (counted) return maximum(fitting + more + counted.copies, counted.limits, nodes);
    if (last) return maximum(fitting + more, limitsOfVerdict(last), nodes);
    if (more >= maximumProbe) return { replicas: fitting + more, exact: false, reason: '', limits: [] };
    const probe = { ...copy, uid: `preview-probe-${more}` };
    let result = play.attempt(framework, probe);
    if (result.kind === 'waiting' && play.settle()) result = play.attempt(framework, probe);
    if (result.kind === 'placed') more++;
    else last = result.verdict;
    yield;
  }
}

function maximum(
  replicas: number,
  limits: readonly Limit[],
  nodes: number,
): PlacementPreviewStatus['maximum'] {
  return { replicas, exact: true, reason: limitSentence(limits, nodes), limits };
}

function perNode(
  placed: readonly Pod[],
  removed: ReadonlySet<Pod>,
  placements: readonly PreviewPlacement[],
): PlacementPreviewStatus['perNode'] {
  const counts = new Map<string, { node: string; current: number; preview: number }>();
  const at = (node: string) => {
    const count = counts.get(node) ?? { node, current: 0, preview: 0 };
    counts.set(node, count);
    return count;
  };
  for (const pod of placed) {
    const count = at(pod.spec?.nodeName ?? '');
    count.current++;
    if (!removed.has(pod)) count.preview++;
  }
  for (const { node } of placements) at(node).preview++;
  return [...counts.values()];
}
