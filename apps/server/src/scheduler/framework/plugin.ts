import type { NodeInfo } from '../snapshot/node-info';
import type { PodInfo } from '../snapshot/pod-info';
import type { Snapshot, SnapshotView } from '../snapshot/snapshot';
import type { PreemptionCandidate } from './extender';
import type { Framework } from './framework';
import type { Nominations } from './nominations';
import type { Rejection, Shortfall } from './rejection';

/**
 * The extension points of the scheduler, in the order in which a pod meets them:
 *
 *   preEnqueue → queueSort → preFilter → filter (every node) → postFilter (only when none fits)
 *     → preScore → score (every fitting node) → normalize → reserve → permit → preBind → bind → postBind
 *
 * A plugin is one object (one file) that implements any of them. Everything up to and including `score` is pure:
 * it reads the cycle and nothing else that changes, so that the same code answers previews and explanations.
 * From `permit` on a plugin may act; those run outside the decision loop, several pods at a time.
 */
export type Plugin = PluginIdentity &
  Partial<
    PreEnqueuePlugin &
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

export interface PreEnqueuePlugin {
  /** A reason keeps the pod out of the queue until it is changed; undefined lets it in. */
  preEnqueue(pod: PodInfo): string | undefined;
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
  /**
   * Its filter is a look-up or two and refuses many nodes: it is asked before others as long as nobody asks for
   * reasons, which are told in the order of the profile.
   */
  readonly isQuick?: boolean;
  /** Events after which a pod refused by this plugin is worth another look. */
  readonly retryOn: readonly ClusterEventKind[];
  /**
   * A closer look at an event of `retryOn`: whether it can help this pod. Without one every such event may (for
   * events on a node the filters are asked in any case, so that a hint is worth its while for other events).
   */
  hint?(event: ClusterEvent, pod: PodInfo): 'queue' | 'skip';
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
  /**
   * Called when no node fits; may make room (preemption). Decides only: the scheduler deletes what is to be evicted
   * and remembers the nomination. The snapshot of the attempt may be changed as long as it is put back.
   */
  postFilter(cycle: Cycle, attempt: FailedAttempt): PostFilterResult | undefined;
}

/** What a post-filter has to work with. */
export interface FailedAttempt {
  readonly framework: Framework;
  readonly snapshot: Snapshot;
  readonly nominations: Nominations;
  /** The nodes that pods leaving could make fit: none of their refusals was `unresolvable`. */
  readonly resolvable: readonly NodeInfo[];
  /** Pods whose eviction was asked for, though the API may not say yet that they are on their way out. */
  readonly isLeaving: (uid: string) => boolean;
}

export interface PostFilterResult {
  /** The node that is kept for the pod once the evicted are gone. */
  readonly nominate?: string;
  readonly evict?: readonly PodInfo[];
  /** An earlier nomination stays as it is: what was evicted for it is still on its way out. */
  readonly keep?: boolean;
  /** All nodes that would do, the nominated among them: extenders may strike some off, then it is chosen again. */
  readonly candidates?: readonly PreemptionCandidate[];
  /** Filters that stood in the way: what turns their verdict may help the next attempt to make room. */
  readonly refusedBy?: ReadonlySet<string>;
  /** Said after the reasons in events: `preemption: 0/3 nodes are available: …`. */
  readonly message?: string;
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
  /**
   * Undefined allows the pod, a rejection sends it back, `waitMs` holds it until the plugin allows or rejects it
   * through the handle's `waitingPods`, or the time is over. It may also just take its time until `signal` is aborted.
   */
  permit(cycle: Cycle, node: string, signal: AbortSignal): Promise<Rejection | PermitWait | undefined>;
}

export interface PermitWait {
  readonly waitMs: number;
}

export interface PreBindPlugin {
  /** Rejects (throws) to send the pod back. `signal` fires when the scheduler stops: nothing is to be waited for then. */
  preBind(cycle: Cycle, node: string, signal: AbortSignal): Promise<void>;
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
  /** A placed pod is gone, finished, or was never bound after all; or a nomination ended. */
  | 'pod-removed'
  /** A pod was placed, or a placed pod's labels changed. */
  | 'pod-placed'
  | 'claim-changed'
  | 'volume-changed'
  | 'storage-class-changed'
  | 'csi-driver-changed'
  | 'csi-node-changed'
  | 'csi-capacity-changed'
  /** For plugins from outside. */
  | 'other';

export interface ClusterEvent {
  readonly kind: ClusterEventKind;
  /** The node that it happened on, where there is one. */
  readonly node?: string;
  /** What changed: an object of the kind that the event is about. */
  readonly object?: unknown;
}

/** The extension points by the names that configurations use. */
export const EXTENSION_POINTS = [
  'preEnqueue',
  'queueSort',
  'preFilter',
  'filter',
  'postFilter',
  'preScore',
  'score',
  'reserve',
  'permit',
  'preBind',
  'bind',
  'postBind',
] as const;
export type ExtensionPoint = (typeof EXTENSION_POINTS)[number];

/** One name a profile answers to, and what decides for it. */
export interface Profile {
  readonly schedulerName: string;
  readonly plugins: readonly ProfilePlugin[];
  /** How many nodes in a hundred to look at until enough fit; 0 or undefined chooses by the cluster's size. */
  readonly percentageOfNodesToScore?: number;
}

export interface ProfilePlugin {
  readonly plugin: Plugin;
  /** Multiplies the plugin's scores; default 1. */
  readonly weight?: number;
  /** Points at which the plugin is not asked though it could be. A pre-filter goes with its filter, a pre-score too. */
  readonly except?: ReadonlySet<ExtensionPoint>;
}
