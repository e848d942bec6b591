import { join } from 'node:path';
import type { Informer } from '@wheelhouse/shared/client/informer';
import type { Stored } from '@wheelhouse/shared/meta/object';
import type { Pod } from 'kubernetes-types/core/v1';
import type { ObservedPod } from '../../runtime/runtime';
import { rejectPod } from '../admission';
import { listPodDirectories, removePodDirectory } from '../volumes/pod-volumes';
import type { PodContext } from './pod-context';
import type { WaitingReason } from './pod-view';
import { PodWorker } from './pod-worker';

const HOUSEKEEPING_MS = 30_000;
/** What belongs to no pod gets this long to end. */
const ORPHAN_GRACE_SECONDS = 5;
const ASK_AGAIN_MS = 1_000;

export interface PodManagerOptions {
  readonly context: PodContext;
  readonly pods: Informer<Pod>;
  readonly nodeLabels: NodeLabels;
}

type Labels = Readonly<Record<string, string>>;

/** The labels of the node's own object, which anybody may change. */
export interface NodeLabels {
  /** As this node has heard of them. */
  known(): Labels;
  /** As the server has them now. */
  ask(): Promise<Labels>;
}

/** One worker for each pod of the node; removes what the runtime holds of pods that are no more. */
export class PodManager {
  readonly #workers = new Map<string, PodWorker>();
  #cancelHousekeeping: () => void = () => undefined;
  #unsubscribe: (() => void)[] = [];
  #stopped = false;
  /** Orphans on their way out. */
  readonly #removing = new Set<string>();
  /** Pods whose admission waits for what the server says of this node. */
  readonly #asking = new Set<string>();

  constructor(private readonly options: PodManagerOptions) {}

  /** Call when the informer has synced: from then on a pod that it lacks does not exist. */
  async start(): Promise<void> {
    const { context, pods } = this.options;
    this.#unsubscribe = [
      context.runtime.subscribe(({ podUid }) => this.#workers.get(podUid)?.poke()),
      pods.subscribe({
        added: (pod) => this.#put(pod),
        updated: (pod, previous) => {
          if (pod.metadata.uid !== previous.metadata.uid) this.#workers.get(previous.metadata.uid)?.remove();
          this.#put(pod);
        },
        deleted: (pod) => this.#workers.get(pod.metadata.uid)?.remove(pod),
      }),
    ];
    await this.#housekeeping();
  }

  get workers(): readonly PodWorker[] {
    return [...this.#workers.values()];
  }

  find(namespace: string, name: string): PodWorker | undefined {
    return this.workers.find(
      ({ pod: { metadata } }) => metadata.namespace === namespace && metadata.name === name,
    );
  }

  pokeAll(): void {
    for (const worker of this.#workers.values()) worker.poke();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#cancelHousekeeping();
    for (const unsubscribe of this.#unsubscribe) unsubscribe();
    await Promise.all(this.workers.map((worker) => worker.stop()));
  }

  /** Stops all containers of the node, each within its own grace but no longer than `graceSeconds`. */
  async stopPods(graceSeconds: number): Promise<void> {
    await this.stop();
    await Promise.all(this.workers.map((worker) => worker.stopContainers(graceSeconds)));
  }

  #put(pod: Stored<Pod>): void {
    const uid = pod.metadata.uid;
    const known = this.#workers.get(uid);
    if (known) {
      known.update(pod);
      return;
    }
    if (this.#asking.has(uid)) return;
    const rejection = this.#judge(pod, this.options.nodeLabels.known());
    // The scheduler may have seen a label of which the watch has not told this node yet.
    if (rejection?.reason === 'NodeAffinity') void this.#askAndAdmit(pod);
    else this.#admit(pod, rejection);
  }

  async #askAndAdmit({ metadata: { uid, namespace, name } }: Stored<Pod>): Promise<void> {
    const { context, pods, nodeLabels } = this.options;
    this.#asking.add(uid);
    let labels: Labels | undefined;
    while (!labels && !this.#stopped) {
      try {
        labels = await nodeLabels.ask();
      } catch (error) {
        context.log.debug({ err: error }, 'the own node could not be read; tried again');
        await new Promise<void>((resolve) => context.clock.after(ASK_AGAIN_MS, resolve));
      }
    }
    this.#asking.delete(uid);
    const pod = pods.get(`${namespace}/${name}`);
    if (labels && !this.#stopped && pod?.metadata.uid === uid) this.#admit(pod, this.#judge(pod, labels));
  }

  #admit(pod: Stored<Pod>, rejection: WaitingReason | undefined): void {
    const { uid } = pod.metadata;
    const { context } = this.options;
    if (rejection) context.events.record(pod, 'Warning', rejection.reason, rejection.message ?? '');
    const worker = new PodWorker(context, pod, {
      ...(rejection ? { rejection } : {}),
      onFinished: (finished) => this.#workers.delete(finished),
    });
    this.#workers.set(uid, worker);
    worker.update(pod);
  }

  #judge(pod: Stored<Pod>, nodeLabels: Labels): WaitingReason | undefined {
    const { context } = this.options;
    const phase = pod.status?.phase;
    // A pod that this node took before stays taken; one that ended needs nothing.
    if (pod.status?.startTime || phase === 'Succeeded' || phase === 'Failed') return undefined;
    const others = this.workers.filter(({ isActive }) => isActive).map((worker) => worker.pod);
    return rejectPod({ pod, others, allocatable: context.allocatable, nodeLabels });
  }

  async #housekeeping(): Promise<void> {
    if (this.#stopped) return;
    const { context } = this.options;
    try {
      for (const observed of await context.runtime.listPods()) {
        if (!this.#workers.has(observed.pod.uid)) void this.#removeOrphan(observed);
      }
      if (context.runtime.abilities.volumes) {
        for (const uid of await listPodDirectories(context.podsDirectory)) {
          const unknown = !this.#workers.has(uid) && !this.#removing.has(uid);
          if (unknown) await removePodDirectory(join(context.podsDirectory, uid));
        }
      }
    } catch (error) {
      context.log.warn({ err: error }, 'housekeeping failed; tried again later');
    }
    this.#cancelHousekeeping = context.clock.after(HOUSEKEEPING_MS, () => void this.#housekeeping());
  }

  async #removeOrphan({ pod, containers, sandboxes }: ObservedPod): Promise<void> {
    if (this.#removing.has(pod.uid)) return;
    this.#removing.add(pod.uid);
    const { runtime, log } = this.options.context;
    try {
      log.info(
        { pod: `${pod.namespace}/${pod.name}`, uid: pod.uid },
        'removing a pod that does not exist any more',
      );
      const running = containers.filter(({ state }) => state === 'running');
      await Promise.all(running.map(({ id }) => runtime.stopContainer(id, ORPHAN_GRACE_SECONDS)));
      for (const { id } of containers) await runtime.removeContainer(id);
      for (const { id } of sandboxes) await runtime.removeSandbox(id);
    } catch (error) {
      log.warn({ err: error, uid: pod.uid }, 'an orphan could not be removed; tried again later');
    } finally {
      this.#removing.delete(pod.uid);
    }
  }
}
