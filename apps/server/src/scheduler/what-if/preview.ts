import type {
  PlacementPreviewStatus,
  PreviewPlacement,
} from '@wheelhouse/shared/scheduling/placement-preview';
import type { Pod } from 'kubernetes-types/core/v1';
import { rankForDeletion } from '../../controllers/replication/ranking';
import { decide, type Verdict } from '../core/decide';
import type { Moment } from '../core/scheduler-core';
import type { Framework } from '../framework/framework';
import { type PodInfo, podInfo } from '../snapshot/pod-info';
import { countHeadroom } from './headroom';
import { type Limit, limitSentence, limitsOfVerdict } from './limits';

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
  const play = new Play(moment, framework, podInfo(input.copy));
  const placed = existing.filter((pod) => pod.spec?.nodeName);
  const waiting = existing.filter((pod) => !pod.spec?.nodeName);
  const ranked = input.shrinksFromEnd ? existing.toReversed() : rankForDeletion(existing, related);
  const removals = ranked.slice(0, Math.max(0, existing.length - replicas));
  const removed = new Set(removals);

  const placements: PreviewPlacement[] = [];
  let verdict: Verdict | undefined;
  let unplaced = 0;
  for (const pod of waiting) {
    if (removed.has(pod)) continue;
    const result = play.place(podInfo(pod));
    if (result.kind === 'placed') {
      placements.push({ ordinal: existing.indexOf(pod), pod: pod.metadata?.name ?? '', node: result.node });
    } else {
      verdict = result.verdict;
      unplaced++;
    }
    yield;
  }
  for (let ordinal = existing.length; ordinal < replicas; ordinal++) {
    const result = play.placeCopy(ordinal);
    if (result.kind === 'unschedulable') {
      // The others are the same pod: they fit no better.
      verdict = result.verdict;
      unplaced += replicas - ordinal;
      break;
    }
    placements.push({ ordinal, node: result.node });
    yield;
  }

  const fitting = placed.length + placements.length;
  const limit = yield* findMaximum(input, play, fitting, verdict);
  return {
    currentReplicas: existing.length,
    placements,
    removals: removals.map(({ metadata, spec }) => ({
      pod: metadata?.name ?? '',
      ...(spec?.nodeName ? { node: spec.nodeName } : {}),
    })),
    unplaced,
    maximum: limit,
    perNode: perNode(placed, removed, placements),
  };
}

/** The whole preview at once. */
export function preview(input: PreviewInput): PlacementPreviewStatus {
  const steps = previewSteps(input);
  for (;;) {
    const step = steps.next();
    if (step.done) return step.value;
  }
}

/** Decisions on the fork, each of which counts for the next. */
class Play {
  constructor(
    readonly moment: Moment,
    readonly framework: Framework,
    readonly copy: PodInfo,
  ) {}

  place(pod: PodInfo) {
    const { snapshot, cursor, options } = this.moment;
    const decision = decide(this.framework, snapshot, pod, cursor, options);
    if (decision.kind === 'placed') snapshot.addPod(pod, decision.node);
    return decision;
  }

  placeCopy(ordinal: number) {
    return this.place({ ...this.copy, uid: `preview-${ordinal}` });
  }
}

/** `fitting` pods have a node on the fork, `verdict` says why no more do (if that is known already). */
function* findMaximum(
  { maximumProbe }: PreviewInput,
  play: Play,
  fitting: number,
  verdict: Verdict | undefined,
): Generator<void, PlacementPreviewStatus['maximum'], void> {
  const { snapshot } = play.moment;
  const counted = countHeadroom(play.framework, snapshot, play.copy);
  if (counted) return maximum(fitting + counted.copies, counted.limits, snapshot.nodes.length);
  let more = 0;
  let last = verdict;
  while (!last) {
    if (more >= maximumProbe) return { replicas: fitting + more, exact: false, reason: '', limits: [] };
    const result = play.placeCopy(Number.MAX_SAFE_INTEGER - more);
    if (result.kind === 'unschedulable') last = result.verdict;
    else more++;
    yield;
  }
  return maximum(fitting + more, limitsOfVerdict(last), snapshot.nodes.length);
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
