import type { NodeInfo } from '../snapshot/node-info';
import type { PodInfo } from '../snapshot/pod-info';
import type { SnapshotView } from '../snapshot/snapshot';
import type { Rejection, Shortfall } from './rejection';

/**
 * The extension points of the scheduler, in the order in which a pod meets them:
 *
 *   queueSort → preFilter → filter (every node) → postFilter (only when none fits)
 *     → preScore → score (every fitting node) → normalize → reserve → permit → preBind → bind → postBind
 *
 * A plugin is one object (one file) that implements any of them. Everything up to and including `score` is pure:
 * it reads the cycle and nothing else that changes, so that the same code answers previews and explanations.
 * From `permit` on a plugin may act; those run outside the decision loop, several pods at a time.
 */
export type Plugin = PluginIdentity &
  Partial<
    PreFilterPlugin &
      FilterPlugin &
      PostFilterPlugin &
      PreScorePlugin &
      ScorePlugin &
      ReservePlugin &
      PermitPlugin &
      PreBindPlugin &
      BindPlugin &
      PostBindPlugin
  >;

export interface PluginIdentity {
  /** Unique in a profile; shown in explanations. */
  readonly name: string;
}

/** One attempt to find a node for one pod. */
export interface Cycle {
  readonly pod: PodInfo;
  readonly snapshot: SnapshotView;
}

/** Orders the active queue. One per scheduler, since all profiles share the queue. */
export interface QueueSortPlugin extends PluginIdentity {
  /** Negative when `a` goes first. */
  compare(a: QueueEntry, b: QueueEntry): number;
}

export interface QueueEntry {
  readonly info: PodInfo;
  /** Milliseconds (monotonic) at which the pod came into the queue first. */
  readonly since: number;
}

export interface PreFilterPlugin {
  /** Runs once a cycle, before any node is looked at. */
  preFilter(cycle: Cycle): PreFilterResult;
}

/**
 * - `skip`: nothing to check for this pod; the plugin's filter is not called.
 * - `check`: call the filter; `state` is handed to it. `onlyNodes` spares the others: they count as refused.
 * - `reject`: no node can do.
 */
export type PreFilterResult =
  | { readonly kind: 'skip' }
  | {
      readonly kind: 'check';
      readonly state?: unknown;
      readonly onlyNodes?: { readonly names: ReadonlySet<string>; readonly rejection: Rejection };
    }
  | { readonly kind: 'reject'; readonly rejection: Rejection };

export interface FilterPlugin {
  /** Undefined lets the node pass. Must not allocate in the common case: it runs for every node of every cycle. */
  filter(cycle: Cycle, node: NodeInfo, state: unknown): Rejection | undefined;
  /**
   * `node`: the verdict depends on the pod, the node and the pods on it alone, so only a change there can turn it.
   * `cluster`: it also depends on pods elsewhere.
   */
  readonly scope: 'node' | 'cluster';
  /** Events after which a pod refused by this plugin is worth another look. */
  readonly retryOn: readonly ClusterEventKind[];
  /** By how much a refused node falls short; called for explanations only. */
  shortfalls?(cycle: Cycle, node: NodeInfo, state: unknown): readonly Shortfall[];
  /**
   * How many copies of the pod the node could take as far as this plugin is concerned, and what the next one would
   * lack (scope `node` only); without it, any number once the filter passes. Must agree with filtering and adding
   * copies one by one.
   */
  headroom?(cycle: Cycle, node: NodeInfo, state: unknown): Headroom;
}

export interface Headroom {
  readonly copies: number;
  readonly limitedBy: Shortfall | undefined;
}

export interface PostFilterPlugin {
  /** Called when no node fits; may make room (preemption). Returns the node that it nominates. */
  postFilter(
    cycle: Cycle,
    refused: ReadonlyMap<string, readonly Rejection[]>,
  ): { nominated: string } | undefined;
}

export interface PreScorePlugin {
  preScore(cycle: Cycle, nodes: readonly NodeInfo[]): PreScoreResult;
}

export type PreScoreResult = { readonly kind: 'skip' } | { readonly kind: 'score'; readonly state?: unknown };

export const MAX_SCORE = 100;

export interface ScorePlugin {
  /** Any number when there is a `normalize`, else 0 to {@link MAX_SCORE}; higher is better. */
  score(cycle: Cycle, node: NodeInfo, state: unknown): number;
  /** Brings the scores (one per node, in order) into 0 to {@link MAX_SCORE}, in place. */
  normalize?(cycle: Cycle, nodes: readonly NodeInfo[], scores: Float64Array, state: unknown): void;
}

export interface ReservePlugin {
  /** After a node is chosen and assumed. A rejection sends the pod back; plugins that had reserved unreserve. */
  reserve(cycle: Cycle, node: string): Rejection | undefined;
  /** Must be idempotent; also called for a pod whose reserve was refused. */
  unreserve(cycle: Cycle, node: string): void;
}

export interface PermitPlugin {
  /** May wait as long as it likes until `signal` is aborted. A rejection sends the pod back. */
  permit(cycle: Cycle, node: string, signal: AbortSignal): Promise<Rejection | undefined>;
}

export interface PreBindPlugin {
  /** Rejects (throws) to send the pod back. */
  preBind(cycle: Cycle, node: string): Promise<void>;
}

export interface BindPlugin {
  /** The first plugin that answers true has bound the pod. Throws an ApiError when the API refuses. */
  bind(cycle: Cycle, node: string): Promise<boolean>;
}

export interface PostBindPlugin {
  postBind(cycle: Cycle, node: string): void;
}

/** What can happen in the cluster that may let a refused pod fit. */
export type ClusterEventKind =
  | 'node-added'
  /** Labels, taints, allocatable or unschedulable changed. */
  | 'node-changed'
  /** A placed pod is gone, finished, or was never bound after all. */
  | 'pod-removed'
  /** A pod was placed, or a placed pod's labels changed. */
  | 'pod-placed';

/** One name a profile answers to, and what decides for it. */
export interface Profile {
  readonly schedulerName: string;
  readonly plugins: readonly ProfilePlugin[];
}

export interface ProfilePlugin {
  readonly plugin: Plugin;
  /** Multiplies the plugin's scores; default 1. */
  readonly weight?: number;
}
