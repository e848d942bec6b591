import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { isConflict, isNotFound } from '@wheelhouse/shared/errors';
import { podKind } from '@wheelhouse/shared/kinds/core/pod';
import type { Stored } from '@wheelhouse/shared/meta/object';
import type { Pod } from 'kubernetes-types/core/v1';
import type { ObservedPod } from '../../runtime/runtime';
import { MountError } from '../config-error';
import { Prober } from '../probes/prober';
import { PodVolumeKeeper } from '../volumes/pod-volume-keeper';
import { removePodDirectory } from '../volumes/pod-volumes';
import { killContainer, killPod } from './container-killer';
import { containerReference, startOne } from './container-starter';
import { createPodSandbox } from './create-pod-sandbox';
import { LastWords } from './last-words';
import { writeNetworkFiles } from './network-files';
import { computePodActions, type PodPlan } from './pod-actions';
import { errorText, type PodContext } from './pod-context';
import { computePodStatus } from './pod-status';
import { type PodView, podLabel, specOf, type WaitingReason } from './pod-view';
import { type Backoff, nextBackoff } from './restart-backoff';
import { WaitingReasons } from './waiting-reasons';

/** A pod is looked at again after this time even if nothing was heard of it. */
const RESYNC_MS = 60_000;
const MOUNT_RETRY_MS = 2_000;
const MIN_REFRESH_MS = 1_000;
const ERROR_RETRY_MS = 1_000;
const MAX_ERROR_RETRY_MS = 60_000;
const DEFAULT_GRACE_SECONDS = 30;
const STOP_PATIENCE_MS = 3_000;

export interface PodWorkerOptions {
  /** Why the pod may not run on this node. */
  readonly rejection?: WaitingReason;
  onFinished(uid: string): void;
}

/**
 * Keeps one pod as it should be, one step at a time: observe, decide (computePodActions), act, report. It is told
 * that something may have changed (`update`, `poke`), never what; it always looks again.
 */
export class PodWorker {
  #pod: Stored<Pod>;
  /** The API has the pod no more. */
  #removed = false;
  #finished = false;
  #stopped = false;
  #running: Promise<void> | undefined;
  #again = false;
  #errors = 0;
  #cancelTimer: () => void = () => undefined;
  /** Fires when the pod is to end, so that nothing is waited for in vain. */
  readonly #ending = new AbortController();
  readonly #waiting = new WaitingReasons();
  readonly #backoffs = new Map<string, Backoff>();
  readonly #lastWords: LastWords;
  readonly #volumes: PodVolumeKeeper;
  readonly #prober: Prober;
  readonly #startTime: string;
  readonly #directory: string;
  #failure: WaitingReason | undefined;
  /** The grace that containers are being stopped with now; a later, shorter one hurries them. */
  #graceInHand: number | undefined;
  #address = '';

  constructor(
    private readonly context: PodContext,
    pod: Stored<Pod>,
    private readonly options: PodWorkerOptions,
  ) {
    this.#pod = pod;
    this.#failure = options.rejection;
    this.#directory = join(context.podsDirectory, pod.metadata.uid);
    this.#startTime = pod.status?.startTime ?? `${context.clock.now().toISOString().slice(0, 19)}Z`;
    this.#lastWords = new LastWords(context.runtime, this.#directory);
    this.#volumes = new PodVolumeKeeper(context, this.#directory, {
      pod: () => this.#pod,
      onStale: () => this.poke(),
    });
    this.#prober = new Prober({
      runtime: context.runtime,
      clock: context.clock,
      hostIp: context.hostIp,
      onChange: () => this.poke(),
      event: (container, reason, message) =>
        context.events.record(containerReference(this.#pod, container, false), 'Warning', reason, message),
    });
  }

  get pod(): Stored<Pod> {
    return this.#pod;
  }

  /** Takes part in what the node's resources are counted from. */
  get isActive(): boolean {
    const phase = this.context.statuses.get(this.#uid)?.phase ?? this.#pod.status?.phase;
    return !this.#failure && !this.#finished && phase !== 'Succeeded' && phase !== 'Failed';
  }

  get #uid(): string {
    return this.#pod.metadata.uid;
  }

  update(pod: Stored<Pod>): void {
    this.#volumes.podChanged(pod, this.#pod);
    this.#pod = pod;
    if (pod.metadata.deletionTimestamp) this.#end();
    this.poke();
  }

  /** The pod vanished from the API: it is to end here too, by the grace that its last state names. */
  remove(last?: Stored<Pod>): void {
    if (last) this.#pod = last;
    this.#removed = true;
    this.#end();
    this.poke();
  }

  poke(): void {
    if (this.#finished || this.#stopped) return;
    this.#again = true;
    this.#running ??= this.#run().finally(() => {
      this.#running = undefined;
    });
  }

  /** Ends the work, not the pod. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#cancelTimer();
    this.#prober.stop();
    this.#volumes.close();
    this.#ending.abort(new Error('the kubelet stops'));
    // A long grace period is not waited out: the next start goes on with it.
    const patience = new Promise<void>((resolve) => this.context.clock.after(STOP_PATIENCE_MS, resolve));
    await Promise.race([this.#running, patience]);
  }

  /** Ends the pod's containers but leaves the pod in the API, so that the next start brings it back. */
  async stopContainers(graceSeconds: number): Promise<void> {
    await this.stop();
    const observed = await this.context.runtime.observePod(this.#uid);
    const grace = Math.min(graceSeconds, this.#graceSeconds());
    await killPod(this.context, { pod: this.#pod, observed, graceSeconds: grace, address: this.#address });
    for (const { id } of observed.containers) await this.context.runtime.removeContainer(id);
    for (const { id } of observed.sandboxes) await this.context.runtime.removeSandbox(id);
  }

  async #run(): Promise<void> {
    while (this.#again && !this.#finished && !this.#stopped) {
      this.#again = false;
      this.#cancelTimer();
      let nextMs = RESYNC_MS * (0.9 + Math.random() * 0.2);
      try {
        nextMs = Math.min(nextMs, await this.#sync());
        this.#errors = 0;
      } catch (error) {
        if (this.#stopped) return;
        // A step that was given up because the pod ends is no failure.
        if (this.#ending.signal.aborted && this.#again) continue;
        this.#errors += 1;
        nextMs = Math.min(ERROR_RETRY_MS * 2 ** (this.#errors - 1), MAX_ERROR_RETRY_MS);
        const { namespace, name } = this.#pod.metadata;
        this.context.log.warn(
          { err: error, pod: `${namespace}/${name}` },
          'pod not in order yet; trying again',
        );
      }
      if (nextMs <= 0) this.#again = true;
      else if (!this.#finished && !this.#stopped) {
        this.#cancelTimer = this.context.clock.after(nextMs, () => this.poke());
      }
    }
  }

  /** One round; answers after how many milliseconds to look again. */
  async #sync(): Promise<number> {
    if (this.#ending.signal.aborted) {
      await this.#terminate();
      return RESYNC_MS;
    }
    const { clock } = this.context;
    const deadlineMs = this.#checkDeadline();
    const observed = await this.#observe();
    const before = this.#view(observed);
    const plan = computePodActions(before, clock.now().getTime());
    this.#noteWaiting(plan, observed);
    this.#publish(observed);
    const retryMs = await this.#execute(plan, observed);
    const after = isEmpty(plan) ? observed : await this.#observe();
    const phase = this.#publish(after);
    const over = phase === 'Succeeded' || phase === 'Failed';
    if (over) this.#volumes.close();
    const refreshMs = over ? RESYNC_MS : await this.#refreshVolumes(after);
    // What ended gives its sandbox and address back in the next round.
    const ended = over && after.sandboxes.length > 0;
    return Math.min(deadlineMs, retryMs, refreshMs, ended || plan.kill.length > 0 ? 0 : RESYNC_MS);
  }

  /** Files of running containers follow their objects; where that fails they stay as they are for a while. */
  async #refreshVolumes(observed: ObservedPod): Promise<number> {
    const running = observed.containers.some(({ state }) => state === 'running');
    if (!running || !this.context.runtime.abilities.volumes) return RESYNC_MS;
    try {
      return Math.max(await this.#volumes.refresh(this.#address), MIN_REFRESH_MS);
    } catch (error) {
      this.context.events.record(this.#pod, 'Warning', 'FailedMount', errorText(error));
      return MOUNT_RETRY_MS;
    }
  }

  async #observe(): Promise<ObservedPod> {
    const observed = await this.context.runtime.observePod(this.#uid);
    this.#address = observed.sandboxes[0]?.address ?? this.context.hostIp;
    if (this.context.runtime.abilities.programs) {
      this.#prober.update(this.#pod, observed);
      await this.#lastWords.collect(this.#pod, observed);
    }
    return observed;
  }

  #view(observed: ObservedPod): PodView {
    const { statuses, runtime } = this.context;
    const written = statuses.get(this.#uid);
    const others = (this.#pod.status?.conditions ?? []).filter(
      ({ type }) => !written?.conditions?.some((own) => own.type === type),
    );
    const pod = written
      ? { ...this.#pod, status: { ...written, conditions: [...(written.conditions ?? []), ...others] } }
      : this.#pod;
    const health = runtime.abilities.programs
      ? this.#prober.health(observed)
      : new Map(observed.containers.map(({ id }) => [id, { started: true, ready: true }]));
    return {
      pod,
      observed,
      health,
      backoffs: this.#backoffs,
      waiting: this.#waiting.all,
      startTime: this.#startTime,
      ending: this.#ending.signal.aborted,
      ...(this.#failure ? { failure: this.#failure } : {}),
      ...(this.options.rejection ? { rejected: true } : {}),
    };
  }

  /** Answers the phase that it wrote. */
  #publish(observed: ObservedPod): string | undefined {
    const status = computePodStatus(this.#view(observed), {
      runtimeName: this.context.runtime.name,
      hostIp: this.context.hostIp,
      now: this.context.clock.now(),
      terminationMessages: this.#lastWords.messages,
    });
    if (!this.#removed) this.context.statuses.set(this.#pod, status);
    return status.phase;
  }

  #noteWaiting(plan: PodPlan, observed: ObservedPod): void {
    for (const name of this.#waiting.follow(plan, observed)) {
      const message = `Back-off restarting failed container ${name} in pod ${podLabel(this.#pod)}`;
      this.context.events.record(this.#pod, 'Warning', 'BackOff', message);
    }
  }

  async #execute(plan: PodPlan, observed: ObservedPod): Promise<number> {
    const { runtime } = this.context;
    let retryMs = plan.requeueAfterMs ?? Number.POSITIVE_INFINITY;
    await Promise.all(
      plan.kill.map(({ container, message }) =>
        killContainer(this.context, {
          pod: this.#pod,
          run: container,
          message,
          graceSeconds: this.#graceSeconds(),
          address: this.#address,
        }),
      ),
    );
    for (const sandbox of plan.removeSandboxes) await runtime.removeSandbox(sandbox.id);
    if (plan.removeSandboxes.length && !plan.createSandbox) this.context.addresses()?.release(this.#uid);
    for (const { id } of plan.removeContainers) {
      this.#lastWords.forget(id);
      await runtime.removeContainer(id);
    }
    if (!plan.start.length && !plan.createSandbox) return retryMs;
    const prepared = await this.#prepare(plan, observed);
    if (typeof prepared === 'number') return Math.min(retryMs, prepared);
    for (const start of plan.start) {
      this.#ending.signal.throwIfAborted();
      const { spec, previous } = start;
      if (previous?.state === 'exited') {
        const failedAt = Date.parse(previous.finishedAt ?? previous.createdAt);
        const now = this.context.clock.now().getTime();
        this.#backoffs.set(spec.name, nextBackoff(this.#backoffs.get(spec.name), failedAt, now));
      }
      const result = await startOne(this.context, {
        pod: this.#pod,
        start,
        podDirectory: this.#directory,
        signal: this.#ending.signal,
        ...prepared,
      });
      this.#waiting.set(spec.name, result);
      if (result) retryMs = Math.min(retryMs, result.retryAfterMs);
    }
    return retryMs;
  }

  /** Sandbox, volumes and files that containers need; a number is how long to wait because something is missing. */
  async #prepare(plan: PodPlan, observed: ObservedPod) {
    const pod = this.#pod;
    if (this.context.runtime.abilities.volumes) await mkdir(this.#directory, { recursive: true });
    let sandbox = observed.sandboxes[0];
    if (plan.createSandbox) {
      const { attempt } = plan.createSandbox;
      const created = await createPodSandbox(this.context, pod, { attempt, directory: this.#directory });
      if (typeof created === 'number') return created;
      sandbox = created;
    }
    if (!sandbox) throw new Error('a container was to start without a sandbox');
    if (!this.context.runtime.abilities.volumes) {
      return { sandbox, volumePaths: undefined, networkMounts: [] };
    }
    const address = sandbox.address ?? this.context.hostIp;
    try {
      const volumePaths = await this.#volumes.prepare(address);
      const { dnsIp, clusterDomain } = this.context;
      const options = { directory: this.#directory, address, dnsIp, clusterDomain };
      return { sandbox, volumePaths, networkMounts: await writeNetworkFiles(pod, options) };
    } catch (error) {
      if (!(error instanceof MountError)) throw error;
      this.context.events.record(pod, 'Warning', 'FailedMount', error.message);
      return MOUNT_RETRY_MS;
    }
  }

  /** `activeDeadlineSeconds`: answers how long the pod may go on, and fails it when the time is over. */
  #checkDeadline(): number {
    const seconds = specOf(this.#pod).activeDeadlineSeconds;
    if (seconds === undefined || this.#failure) return Number.POSITIVE_INFINITY;
    const phase = this.context.statuses.get(this.#uid)?.phase ?? this.#pod.status?.phase;
    if (phase === 'Succeeded' || phase === 'Failed') return Number.POSITIVE_INFINITY;
    const rest = Date.parse(this.#startTime) + seconds * 1000 - this.context.clock.now().getTime();
    if (rest > 0) return rest;
    const message = 'Pod was active on the node longer than the specified deadline';
    this.#failure = { reason: 'DeadlineExceeded', message };
    this.context.events.record(this.#pod, 'Normal', 'DeadlineExceeded', message);
    return Number.POSITIVE_INFINITY;
  }

  #graceSeconds(): number {
    const { deletionGracePeriodSeconds, deletionTimestamp } = this.#pod.metadata;
    if (deletionTimestamp && deletionGracePeriodSeconds !== undefined) return deletionGracePeriodSeconds;
    return specOf(this.#pod).terminationGracePeriodSeconds ?? DEFAULT_GRACE_SECONDS;
  }

  #end(): void {
    if (!this.#ending.signal.aborted) {
      this.#ending.abort(new Error('the pod is to end'));
      this.#prober.stopRestarting();
      return;
    }
    const grace = this.#graceSeconds();
    if (this.#graceInHand === undefined || grace >= this.#graceInHand) return;
    this.#graceInHand = grace;
    void this.#hurry(grace);
  }

  /** A second, shorter grace: stop what still runs by that. */
  async #hurry(graceSeconds: number): Promise<void> {
    const { runtime, log } = this.context;
    try {
      const { containers } = await runtime.observePod(this.#uid);
      const running = containers.filter(({ state }) => state === 'running');
      await Promise.all(running.map(({ id }) => runtime.stopContainer(id, graceSeconds)));
    } catch (error) {
      log.warn({ err: error }, 'containers could not be hurried; they end by the longer grace');
    }
  }

  async #terminate(): Promise<void> {
    const { runtime, statuses } = this.context;
    this.#waiting.clear();
    const observed = await this.#observe();
    const graceSeconds = this.#graceSeconds();
    this.#graceInHand = graceSeconds;
    await killPod(this.context, { pod: this.#pod, observed, graceSeconds, address: this.#address });
    const ended = await this.#observe();
    this.#publish(ended);
    this.#prober.stop();
    await Promise.all(ended.containers.map(({ id }) => runtime.removeContainer(id)));
    for (const { id } of ended.sandboxes) await runtime.removeSandbox(id);
    this.context.addresses()?.release(this.#uid);
    this.context.images.forget(this.#uid);
    this.#volumes.close();
    if (runtime.abilities.volumes) await removePodDirectory(this.#directory);
    if (!this.#removed) {
      await statuses.flush(this.#uid);
      await this.#deleteFromApi();
    }
    this.#finished = true;
    this.#cancelTimer();
    statuses.forget(this.#uid);
    this.options.onFinished(this.#uid);
  }

  async #deleteFromApi(): Promise<void> {
    const { namespace, name, uid } = this.#pod.metadata;
    try {
      await this.context.client.delete(
        podKind,
        { namespace, name },
        { gracePeriodSeconds: 0, preconditions: { uid } },
      );
    } catch (error) {
      // Gone already, or another pod has the name: both mean that ours is no more.
      if (!isNotFound(error) && !isConflict(error)) throw error;
    }
  }
}

function isEmpty(plan: PodPlan): boolean {
  return (
    !plan.kill.length &&
    !plan.removeSandboxes.length &&
    !plan.createSandbox &&
    !plan.start.length &&
    !plan.removeContainers.length
  );
}
