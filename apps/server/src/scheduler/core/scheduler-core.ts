import type { Clock } from '@wheelhouse/shared/clock';
import { keyOf } from '@wheelhouse/shared/meta/object';
import type { Node, Pod } from 'kubernetes-types/core/v1';
import { ClusterCache } from '../cache/cluster-cache';
import { allRefusals, Framework, firstRefusal } from '../framework/framework';
import type { ClusterEventKind, Cycle, Profile, QueueSortPlugin } from '../framework/plugin';
import type { Rejection } from '../framework/rejection';
import { prioritySort } from '../plugins/priority-sort';
import { type Hint, SchedulingQueue } from '../queue/scheduling-queue';
import { isFinished, type PodInfo, podInfo } from '../snapshot/pod-info';
import type { Snapshot } from '../snapshot/snapshot';
import { type Cursor, type DecideOptions, type Decision, decide, type Verdict } from './decide';
import type { NodeScore } from './score';

export interface SchedulerCoreOptions {
  readonly clock: Clock;
  readonly profiles: readonly Profile[];
  readonly queueSort?: QueueSortPlugin;
  readonly decide?: DecideOptions;
}

/** What became of the pod whose turn it was. */
export type Step =
  | PlacedStep
  | {
      readonly kind: 'refused';
      readonly info: PodInfo;
      readonly verdict: Verdict;
      readonly nominated?: string;
    };

export interface PlacedStep {
  readonly kind: 'placed';
  readonly info: PodInfo;
  readonly node: string;
  readonly framework: Framework;
  /** How often it failed before; hand it back to `bindFailed`. */
  readonly failures: number;
}

/** A moment of the cluster to try things on, with all that decisions depend on. */
export interface Moment {
  readonly snapshot: Snapshot;
  readonly cursor: Cursor;
  readonly options: DecideOptions;
}

/** How many nodes' scores a decision keeps, and how many decisions are kept, for explanations. */
const KEPT_SCORES = 5;
const REMEMBERED_DECISIONS = 2_000;

/**
 * The scheduler without its hands: told what the API shows, it says what to do, one pod at a time. Nothing here
 * waits or writes. A decision counts at once (the pod is assumed), so the next one sees it.
 */
export class SchedulerCore {
  readonly cache = new ClusterCache();
  readonly queue: SchedulingQueue;
  readonly #frameworks: ReadonlyMap<string, Framework>;
  readonly #cursor: Cursor = { start: 0 };
  /** Scores that decided, by UID; the latest decisions only. */
  #lastScores = new Map<string, readonly NodeScore[]>();

  constructor(private readonly options: SchedulerCoreOptions) {
    this.queue = new SchedulingQueue({ clock: options.clock, sort: options.queueSort ?? prioritySort });
    this.#frameworks = new Map(
      options.profiles.map((profile) => [profile.schedulerName, new Framework(profile)]),
    );
  }

  /** The framework that decides for the pod; undefined for pods of other schedulers. */
  frameworkFor(pod: Pod): Framework | undefined {
    return this.#frameworks.get(pod.spec?.schedulerName || 'default-scheduler');
  }

  /** The present, to try things on: nothing done to it is seen here. */
  fork(): Moment {
    return {
      snapshot: this.cache.snapshot.fork(),
      cursor: { ...this.#cursor },
      options: this.options.decide ?? {},
    };
  }

  nodeSeen(node: Node): void {
    const change = this.cache.setNode(node);
    if (change === 'same') return;
    this.#notify(change === 'added' ? 'node-added' : 'node-changed', node.metadata?.name ?? '');
  }

  nodeGone(name: string): void {
    this.cache.removeNode(name);
  }

  /** Answers a verdict when the pod needs a node and its like was refused just before. */
  podSeen(pod: Pod): Verdict | undefined {
    const { uid = '', deletionTimestamp } = pod.metadata ?? {};
    const node = pod.spec?.nodeName;
    if (isFinished(pod)) {
      this.podGone(pod);
      return undefined;
    }
    if (node) {
      this.queue.remove(keyOf(pod));
      const change = this.cache.setPlaced(pod, node);
      if (change !== 'same' && change !== 'confirmed') this.#notify('pod-placed', node);
      return undefined;
    }
    if (!this.frameworkFor(pod)) return undefined;
    if (deletionTimestamp) {
      this.podGone(pod);
      return undefined;
    }
    // An older version than the decision that is on its way.
    if (this.cache.isAssumed(uid)) return undefined;
    return this.queue.add(podInfo(pod));
  }

  podGone(pod: Pod): void {
    this.queue.remove(keyOf(pod));
    const node = this.cache.remove(pod.metadata?.uid ?? '');
    if (node !== undefined) this.#notify('pod-removed', node);
  }

  /**
   * Decides about the next pod, if one is due. A placed pod is assumed; say `bound` or `bindFailed` later.
   * Throws what a plugin throws; the pod is then tried again after a pause.
   */
  next(): Step | undefined {
    const queued = this.queue.pop();
    if (!queued) return undefined;
    const { info, failures } = queued;
    const framework = this.frameworkFor(info.pod);
    // A pod's scheduler name never changes, and only pods of a known one are queued.
    if (!framework) throw new Error(`no profile for ${info.key}`);
    const cycle: Cycle = { pod: info, snapshot: this.cache.snapshot };
    let decision: Decision;
    try {
      decision = decide(framework, this.cache.snapshot, info, this.#cursor, {
        ...this.options.decide,
        keepScores: KEPT_SCORES,
      });
    } catch (error) {
      this.queue.retryLater(info, failures + 1);
      throw error;
    }
    if (decision.kind === 'unschedulable') {
      const nominated = this.#postFilter(framework, cycle);
      this.queue.refused(queued, decision.verdict, retryEvents(framework, decision.verdict));
      return { kind: 'refused', info, verdict: decision.verdict, ...(nominated ? { nominated } : {}) };
    }
    const { node } = decision;
    this.cache.assume(info, node);
    const refusal = reserve(framework, cycle, node);
    if (refusal) {
      this.cache.forget(info.uid);
      const verdict: Verdict = {
        nodes: this.cache.snapshot.nodes.length,
        reasons: new Map(),
        plugins: new Set([refusal.by]),
        whole: refusal.rejection.reasons.join(', '),
      };
      this.queue.refused(queued, verdict, retryEvents(framework, verdict));
      return { kind: 'refused', info, verdict };
    }
    this.queue.placed(queued);
    this.#remember(info.uid, decision.scores);
    this.#notify('pod-placed', node);
    return { kind: 'placed', info, node, framework, failures };
  }

  bound(info: PodInfo): void {
    this.cache.bound(info.uid, this.options.clock.monotonic());
  }

  /**
   * The binding did not come about, or nobody knows. The pod is tried again after a pause; should it be gone, or
   * bound after all, the API's word takes it out of the queue first.
   */
  bindFailed(step: PlacedStep): void {
    const { info, framework, failures } = step;
    unreserve(framework, { pod: info, snapshot: this.cache.snapshot }, step.node);
    const node = this.cache.forget(info.uid);
    if (node === undefined) return; // The API has spoken in between.
    this.queue.retryLater(info, failures + 1);
    this.#notify('pod-removed', node);
  }

  /** The scores that led to the pod's place, the chosen node's first; undefined when they are forgotten by now. */
  scoresOf(uid: string): readonly NodeScore[] | undefined {
    return this.#lastScores.get(uid);
  }

  /** Takes back bindings that nobody ever confirmed; call now and then. Answers what was taken back. */
  expireAssumed(): PodInfo[] {
    return this.cache.expire(this.options.clock.monotonic());
  }

  /** Asks, for each class of waiting pods, whether what happened on `nodeName` lets one in there. */
  #notify(kind: ClusterEventKind, nodeName: string): void {
    this.queue.notify(kind, (member, verdict) => this.#hint(kind, nodeName, member, verdict));
  }

  #hint(kind: ClusterEventKind, nodeName: string, member: PodInfo, verdict: Verdict): Hint {
    const framework = this.frameworkFor(member.pod);
    if (!framework) return 'no';
    const cycle: Cycle = { pod: member, snapshot: this.cache.snapshot };
    const node = this.cache.snapshot.node(nodeName);
    const prepared = node && framework.prepare(cycle);
    if (node && prepared?.kind === 'check') {
      const allowed = prepared.onlyNodes?.names.has(nodeName) ?? true;
      if (allowed && !firstRefusal(cycle, node, prepared.filters)) return 'fits';
    }
    for (const name of verdict.plugins) {
      const plugin = framework.filter(name);
      if (plugin ? plugin.scope === 'cluster' && plugin.retryOn.includes(kind) : true) return 'maybe';
    }
    return 'no';
  }

  #remember(uid: string, scores: readonly NodeScore[]): void {
    this.#lastScores.set(uid, scores);
    if (this.#lastScores.size <= REMEMBERED_DECISIONS) return;
    for (const oldest of this.#lastScores.keys()) {
      this.#lastScores.delete(oldest);
      return;
    }
  }

  #postFilter(framework: Framework, cycle: Cycle): string | undefined {
    if (framework.postFilters.length === 0) return undefined;
    const prepared = framework.prepare(cycle);
    const filters = prepared.kind === 'check' ? prepared.filters : [];
    const refused = new Map<string, readonly Rejection[]>();
    for (const node of cycle.snapshot.nodes) {
      refused.set(
        node.name,
        allRefusals(cycle, node, filters).map(({ rejection }) => rejection),
      );
    }
    for (const plugin of framework.postFilters) {
      const result = plugin.postFilter(cycle, refused);
      if (result) return result.nominated;
    }
    return undefined;
  }
}

/**
 * Nodes can help in every case: one that came after the verdict may refuse at first for reasons that the verdict
 * does not know (not ready yet, no resources reported yet), so its changes count as well. The refusing plugins know
 * what else can.
 */
function retryEvents(framework: Framework, verdict: Verdict): Set<ClusterEventKind> {
  const kinds = new Set<ClusterEventKind>(['node-added', 'node-changed']);
  if (verdict.plugins.size === 0) kinds.add('pod-removed');
  for (const name of verdict.plugins) {
    const plugin = framework.filter(name);
    const known = plugin ? plugin.retryOn : (['node-changed', 'pod-removed', 'pod-placed'] as const);
    for (const kind of known) kinds.add(kind);
  }
  return kinds;
}

function reserve(
  framework: Framework,
  cycle: Cycle,
  node: string,
): { rejection: Rejection; by: string } | undefined {
  for (const plugin of framework.reserves) {
    const rejection = plugin.reserve(cycle, node);
    if (!rejection) continue;
    unreserve(framework, cycle, node);
    return { rejection, by: plugin.name };
  }
  return undefined;
}

function unreserve(framework: Framework, cycle: Cycle, node: string): void {
  for (const plugin of framework.reserves.toReversed()) plugin.unreserve(cycle, node);
}
