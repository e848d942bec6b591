import type { Clock } from '@wheelhouse/shared/clock';
import { keyOf } from '@wheelhouse/shared/meta/object';
import type { Node, Pod } from 'kubernetes-types/core/v1';
import { ClusterCache } from '../cache/cluster-cache';
import type { Extender } from '../framework/extender';
import { Framework } from '../framework/framework';
import { Nominations } from '../framework/nominations';
import type { ClusterEvent, PostFilterResult, Profile, QueueSortPlugin } from '../framework/plugin';
import { pickCandidate } from '../plugins/preemption/pick-candidate';
import { prioritySort } from '../plugins/priority-sort';
import { isBuiltIn } from '../plugins/registry';
import { type QueuedPod, SchedulingQueue } from '../queue/scheduling-queue';
import { isFinished, type PodInfo, podClass, podDetails, podInfo } from '../snapshot/pod-info';
import type { Snapshot } from '../snapshot/snapshot';
import { askAboutVictims, askExtenders } from './ask-extenders';
import {
  type Cursor,
  choose,
  type DecideOptions,
  type Decision,
  type Search,
  search,
  type Verdict,
} from './decide';
import { DecisionLog } from './decision-log';
import { hintOf, retryEvents } from './events';
import { makeRoom, nominate } from './make-room';
import { preparedRefusal } from './refusal-on';
import { reserve, unreserve } from './reserve';
import type { NodeScore } from './score';

export interface SchedulerCoreOptions {
  readonly clock: Clock;
  readonly profiles: readonly Profile[];
  readonly queueSort?: QueueSortPlugin;
  readonly decide?: DecideOptions;
  readonly extenders?: readonly Extender[];
  readonly baseBackOffMs?: number;
  readonly maxBackOffMs?: number;
}

/** What became of the pod whose turn it was. */
export type Step =
  | PlacedStep
  | RefusedStep
  /**
   * Someone outside has to be asked first. Nothing else is to be decided until the promise settles; with undefined
   * when the pod has gone meanwhile.
   */
  | {
      readonly kind: 'asking';
      readonly info: PodInfo;
      readonly answer: Promise<PlacedStep | RefusedStep | undefined>;
    };

export interface PlacedStep {
  readonly kind: 'placed';
  readonly info: PodInfo;
  readonly node: string;
  readonly framework: Framework;
  /** How often it failed before; hand it back to `bindFailed`. */
  readonly failures: number;
}

export interface RefusedStep {
  readonly kind: 'refused';
  readonly info: PodInfo;
  readonly verdict: Verdict;
  /** The node that is kept for it now; '' ends an earlier nomination. */
  readonly nominated?: string;
  /** Pods that have to leave that node. */
  readonly evict?: readonly PodInfo[];
  /** Pods of a lower priority that lose their nomination to the node. */
  readonly dismissed?: readonly PodInfo[];
}

/** A moment of the cluster to try things on, with all that decisions depend on. */
export interface Moment {
  readonly snapshot: Snapshot;
  readonly cursor: Cursor;
  readonly options: DecideOptions;
  /** UIDs of pods that were told to leave. */
  readonly leaving: ReadonlySet<string>;
}

/** How many nodes' scores a decision keeps for explanations. */
const KEPT_SCORES = 5;

/**
 * The scheduler without its hands: told what the API shows, it says what to do, one pod at a time. Nothing here
 * waits or writes. A decision counts at once (the pod is assumed), so the next one sees it.
 */
export class SchedulerCore {
  readonly cache = new ClusterCache();
  readonly queue: SchedulingQueue;
  readonly nominations = new Nominations();
  readonly extenders: readonly Extender[];
  readonly #frameworks: ReadonlyMap<string, Framework>;
  readonly #cursor: Cursor = { start: 0 };
  readonly #log = new DecisionLog();
  /** UIDs of placed pods that were told to leave. */
  readonly #leaving = new Set<string>();

  constructor(private readonly options: SchedulerCoreOptions) {
    this.extenders = options.extenders ?? [];
    this.#frameworks = new Map(
      options.profiles.map((profile) => [profile.schedulerName, new Framework(profile)]),
    );
    this.queue = new SchedulingQueue({
      clock: options.clock,
      sort: options.queueSort ?? prioritySort,
      classOf: (info) => this.#classOf(info),
      heldBack: (info) => this.frameworkFor(info.pod)?.heldBack(info) !== undefined,
      ...(options.baseBackOffMs ? { baseBackOffMs: options.baseBackOffMs } : {}),
      ...(options.maxBackOffMs ? { maxBackOffMs: options.maxBackOffMs } : {}),
    });
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
      options: { ...this.options.decide, nominations: this.nominations.copy() },
      leaving: new Set(this.#leaving),
    };
  }

  nodeSeen(node: Node): void {
    const change = this.cache.setNode(node);
    if (change === 'same') return;
    const kind = change === 'added' ? 'node-added' : 'node-changed';
    this.notify({ kind, node: node.metadata?.name ?? '', object: node });
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
      this.nominations.clear(uid);
      const change = this.cache.setPlaced(pod, node);
      if (change !== 'same' && change !== 'confirmed') this.notify({ kind: 'pod-placed', node, object: pod });
      return undefined;
    }
    if (!this.frameworkFor(pod)) return undefined;
    if (deletionTimestamp) {
      this.podGone(pod);
      return undefined;
    }
    // An older version than the decision that is on its way.
    if (this.cache.isAssumed(uid)) return undefined;
    const info = podInfo(pod);
    const nominated = pod.status?.nominatedNodeName;
    // Kept by a scheduler that ran before this one.
    if (nominated && !this.queue.get(info.key)) this.nominations.set(info, nominated);
    return this.queue.add(info);
  }

  podGone(pod: Pod): void {
    this.queue.remove(keyOf(pod));
    const uid = pod.metadata?.uid ?? '';
    this.#leaving.delete(uid);
    const kept = this.nominations.clear(uid);
    const node = this.cache.remove(uid) ?? kept;
    if (node !== undefined) this.notify({ kind: 'pod-removed', node, object: pod });
  }

  /** Something happened that may let refused pods fit: opens the classes of waiting pods that it may help. */
  notify(event: ClusterEvent): void {
    const { nominations } = this;
    const { snapshot } = this.cache;
    this.queue.notify(event.kind, (member, verdict) => {
      const framework = this.frameworkFor(member.pod);
      return framework ? hintOf({ event, member, verdict, framework, snapshot, nominations }) : 'no';
    });
  }

  /**
   * Decides about the next pod, if one is due. A placed pod is assumed; say `bound` or `bindFailed` later.
   * Throws what a plugin throws; the pod is then tried again after a pause.
   */
  next(): Step | undefined {
    const queued = this.queue.pop();
    if (!queued) return undefined;
    const { info } = queued;
    const framework = this.frameworkFor(info.pod);
    // A pod's scheduler name never changes, and only pods of a known one are queued.
    if (!framework) throw new Error(`no profile for ${info.key}`);
    const attempt: Attempt = { queued, info, framework };
    return this.#guarded(attempt, () => {
      const found = search(framework, this.cache.snapshot, info, this.#cursor, this.#decideOptions());
      const asked = this.extenders.filter((extender) => extender.isInterestedIn(info));
      if (asked.length === 0) return this.#conclude(attempt, found, this.#makeRoom(attempt, found));
      return { kind: 'asking', info, answer: this.#ask(attempt, found, asked) };
    });
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
    this.notify({ kind: 'pod-removed', node, object: info.pod });
  }

  /** A pod that was to make room could not be told so: whoever waits for it tries again. */
  evictionFailed(victim: PodInfo, node: string): void {
    if (!this.#leaving.delete(victim.uid)) return;
    for (const { key } of this.nominations.on(node)) this.queue.retry(key);
  }

  /** The scores that led to the pod's place, the chosen node's first; undefined when they are forgotten by now. */
  scoresOf(uid: string): readonly NodeScore[] | undefined {
    return this.#log.get(uid);
  }

  /** Takes back bindings that nobody ever confirmed; call now and then. Answers what was taken back. */
  expireAssumed(): PodInfo[] {
    return this.cache.expire(this.options.clock.monotonic());
  }

  /** Nobody knows what filters and extenders from outside look at: to them only equal pods are alike. */
  #classOf(info: PodInfo): string {
    const filters = this.frameworkFor(info.pod)?.filters ?? [];
    const isKnown = this.extenders.length === 0 && filters.every(({ name }) => isBuiltIn(name));
    if (isKnown) return podClass(info);
    return `${podClass(info)} ${podDetails(info)}`;
  }

  #decideOptions(): DecideOptions {
    return { ...this.options.decide, keepScores: KEPT_SCORES, nominations: this.nominations };
  }

  #guarded<T>({ queued, info }: Attempt, act: () => T): T {
    try {
      return act();
    } catch (error) {
      this.queue.retryLater(info, queued.failures + 1);
      throw error;
    }
  }

  async #ask(
    attempt: Attempt,
    found: SearchResult,
    asked: readonly Extender[],
  ): Promise<PlacedStep | RefusedStep | undefined> {
    const { info, queued } = attempt;
    const isGone = () => this.queue.get(info.key) !== queued;
    try {
      const { snapshot } = this.cache;
      const outcome =
        found.kind === 'found' ? await askExtenders(asked, found, snapshot.nodes.length) : found;
      if (isGone()) return undefined;
      if (outcome.kind === 'found') {
        return this.#guardedConclude(attempt, outcome.search, outcome.extra);
      }
      const room = this.#makeRoom(attempt, outcome);
      if (!room?.candidates) return this.#conclude(attempt, outcome, room);
      const candidates = await askAboutVictims(asked, info, room.candidates);
      if (isGone()) return undefined;
      const best = pickCandidate(candidates);
      const agreed: PostFilterResult | undefined = best && {
        nominate: best.node,
        evict: best.victims,
        candidates,
      };
      return this.#conclude(attempt, outcome, agreed);
    } catch (error) {
      if (!isGone()) this.queue.retryLater(info, queued.failures + 1);
      throw error;
    }
  }

  /** The cluster may have changed while others were asked: the node has to fit still. */
  #guardedConclude(
    attempt: Attempt,
    found: Search,
    extra: ReadonlyMap<string, number>,
  ): PlacedStep | RefusedStep {
    const { framework, info } = attempt;
    const { snapshot } = this.cache;
    const current = found.fitting.flatMap(({ name }) => snapshot.node(name) ?? []);
    const fitting = current.filter((node) => !preparedRefusal(framework, found.cycle, node));
    if (fitting.length === 0)
      throw new Error(`${info.key}: the nodes that extenders agreed to fit no longer`);
    return this.#conclude(attempt, { ...found, fitting }, undefined, extra);
  }

  #conclude(
    attempt: Attempt,
    found: SearchResult,
    room: PostFilterResult | undefined,
    extra?: ReadonlyMap<string, number>,
  ): PlacedStep | RefusedStep {
    if (found.kind === 'unschedulable') return this.#refuse(attempt, found.verdict, room);
    const { queued, info, framework } = attempt;
    const decision = choose(framework, found, this.#decideOptions(), extra);
    const { node } = decision;
    const { snapshot } = this.cache;
    this.cache.assume(info, node);
    const refusal = reserve(framework, { pod: info, snapshot }, node);
    if (refusal) {
      this.cache.forget(info.uid);
      const verdict: Verdict = {
        nodes: snapshot.nodes.length,
        reasons: new Map(),
        plugins: new Set([refusal.by]),
        whole: refusal.rejection.reasons.join(', '),
      };
      return this.#refuse(attempt, verdict, undefined);
    }
    const kept = this.nominations.clear(info.uid);
    this.queue.placed(queued);
    this.#log.add(info.uid, decision.scores);
    this.notify({ kind: 'pod-placed', node, object: info.pod });
    if (kept !== undefined && kept !== node)
      this.notify({ kind: 'pod-removed', node: kept, object: info.pod });
    return { kind: 'placed', info, node, framework, failures: queued.failures };
  }

  #refuse(attempt: Attempt, verdict: Verdict, room: PostFilterResult | undefined): RefusedStep {
    const { queued, info, framework } = attempt;
    const told: Verdict = {
      ...verdict,
      ...(room?.message ? { postFilter: room.message } : {}),
      ...(room?.refusedBy ? { plugins: new Set([...verdict.plugins, ...room.refusedBy]) } : {}),
    };
    const before = this.nominations.nodeOf(info.uid);
    const nominated = room?.nominate;
    const dismissed = nominated === undefined ? [] : nominate(this.nominations, info, nominated);
    if (nominated === undefined && before !== undefined && !room?.keep) this.nominations.clear(info.uid);
    for (const { uid } of room?.evict ?? []) this.#leaving.add(uid);
    const alone = this.nominations.nodeOf(info.uid) !== undefined;
    this.queue.refused(queued, told, retryEvents(framework, told), { alone });
    for (const other of dismissed) this.queue.retry(other.key);
    const kept = nominated ?? (before !== undefined && !alone ? '' : undefined);
    return {
      kind: 'refused',
      info,
      verdict: told,
      ...(kept !== undefined ? { nominated: kept } : {}),
      ...(room?.evict?.length ? { evict: room.evict } : {}),
      ...(dismissed.length > 0 ? { dismissed } : {}),
    };
  }

  #makeRoom({ framework, info }: Attempt, found: SearchResult): PostFilterResult | undefined {
    if (found.kind === 'found') return undefined;
    const { snapshot } = this.cache;
    const { nominations } = this;
    const isLeaving = (uid: string) => this.#leaving.has(uid);
    return makeRoom(info, { framework, snapshot, nominations, resolvable: found.resolvable, isLeaving });
  }
}

type SearchResult = Search | Extract<Decision, { kind: 'unschedulable' }>;

interface Attempt {
  readonly queued: QueuedPod;
  readonly info: PodInfo;
  readonly framework: Framework;
}
