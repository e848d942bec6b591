import { type Duplex, Readable } from 'node:stream';
import type { Clock } from '@wheelhouse/shared/clock';
import { isQuantity, quantityMillis, quantityValue } from '@wheelhouse/shared/meta/quantity';
import { normalizeImageReference } from '../images/image-reference';
import {
  type ContainerConfig,
  type ContainerRuntime,
  type ContainerStats,
  type ContainerStatus,
  type ExecSession,
  groupByPod,
  type ImageStatus,
  type LogOptions,
  type ObservedPod,
  type PodIdentity,
  RuntimeError,
  type RuntimeEvent,
  type SandboxConfig,
  type SandboxStatus,
} from '../runtime';

export interface SimulatedRuntimeOptions {
  readonly clock: Clock;
  /** How long a container takes to start and to stop; default 300 and 200 ms. */
  readonly startMs?: number;
  readonly stopMs?: number;
}

interface Run extends ContainerStatus {
  readonly pod: PodIdentity;
  readonly cancel: (() => void) | undefined;
}

/** Pods with this annotation-like variable end by themselves: seconds, or `seconds:code`. */
const EXIT_AFTER = 'SIMULATED_EXIT_AFTER';
/** What a container is to seem to use, as quantities: `250m`, `64Mi`. */
const CPU = 'SIMULATED_CPU';
const MEMORY = 'SIMULATED_MEMORY';

/**
 * Containers that are states only: nothing runs, nothing has an address that answers. One process holds thousands,
 * for scale tests and for trying the console. State goes with the process.
 * A container with the variable SIMULATED_EXIT_AFTER=SECONDS[:CODE] ends by itself; SIMULATED_CPU and SIMULATED_MEMORY
 * say what it seems to use.
 */
export function createSimulatedRuntime(options: SimulatedRuntimeOptions): ContainerRuntime {
  return new SimulatedRuntime(options);
}

class SimulatedRuntime implements ContainerRuntime {
  readonly name = 'simulated';
  readonly abilities = { volumes: false, programs: false };
  readonly #sandboxes = new Map<string, SandboxStatus>();
  readonly #runs = new Map<string, Run>();
  /** By container id: when it is to end, as its environment says. */
  readonly #exits = new Map<string, { afterMs: number; code: number }>();
  /** By container id, of those whose environment says it. */
  readonly #usage = new Map<string, { cpuMillis: number; memoryBytes: number }>();
  readonly #listeners = new Set<(event: RuntimeEvent) => void>();
  /** By pod uid: the ids of its sandboxes and runs, so that observing one pod of thousands costs no search. */
  readonly #byPod = new Map<string, Set<string>>();

  constructor(private readonly options: SimulatedRuntimeOptions) {}

  async version() {
    return { name: 'simulated', version: '1' };
  }

  async listPods(): Promise<ObservedPod[]> {
    return groupByPod([...this.#sandboxes.values()], [...this.#runs.values()]);
  }

  async observePod(uid: string): Promise<ObservedPod> {
    const ids = [...(this.#byPod.get(uid) ?? [])];
    const sandboxes = ids.flatMap((id) => this.#sandboxes.get(id) ?? []);
    const runs = ids.flatMap((id) => this.#runs.get(id) ?? []);
    return (
      groupByPod(sandboxes, runs)[0] ?? {
        pod: { namespace: '', name: '', uid },
        sandboxes: [],
        containers: [],
      }
    );
  }

  async createSandbox(config: SandboxConfig): Promise<SandboxStatus> {
    const id = `${config.pod.uid}-sandbox-${config.attempt}`;
    const existing = this.#sandboxes.get(id);
    if (existing) return existing;
    const { pod, attempt, address } = config;
    const sandbox = { id, pod, attempt, address, ready: true, createdAt: this.#now() };
    this.#sandboxes.set(id, sandbox);
    this.#index(pod.uid, id);
    return sandbox;
  }

  async removeSandbox(id: string): Promise<void> {
    const sandbox = this.#sandboxes.get(id);
    if (!sandbox) return;
    this.#sandboxes.delete(id);
    this.#forget(sandbox.pod.uid, id);
  }

  async createContainer(sandbox: SandboxStatus, config: ContainerConfig): Promise<string> {
    const id = `${sandbox.pod.uid}-${config.name}-${config.attempt}`;
    if (this.#runs.has(id)) return id;
    this.#runs.set(id, {
      id,
      pod: sandbox.pod,
      name: config.name,
      attempt: config.attempt,
      sandboxId: sandbox.id,
      image: config.image,
      imageId: `simulated:${config.image}`,
      state: 'created',
      createdAt: this.#now(),
      startedAt: undefined,
      finishedAt: undefined,
      exitCode: undefined,
      oomKilled: false,
      message: undefined,
      cancel: undefined,
    });
    this.#index(sandbox.pod.uid, id);
    const exit = config.env.find(({ name }) => name === EXIT_AFTER)?.value.split(':');
    if (exit) this.#exits.set(id, { afterMs: Number(exit[0]) * 1000, code: Number(exit[1] ?? 0) });
    const cpu = quantityIn(config, CPU);
    const memory = quantityIn(config, MEMORY);
    if (cpu !== undefined || memory !== undefined) {
      this.#usage.set(id, {
        cpuMillis: quantityMillis(cpu ?? '0'),
        memoryBytes: quantityValue(memory ?? '0'),
      });
    }
    return id;
  }

  async startContainer(id: string): Promise<void> {
    if (this.#run(id).state !== 'created') return;
    await this.#pause(this.options.startMs ?? 300);
    // It may have been removed meanwhile.
    const run = this.#runs.get(id);
    if (run?.state !== 'created') return;
    const exit = this.#exits.get(id);
    const cancel = exit && this.options.clock.after(exit.afterMs, () => this.#exit(id, exit.code));
    this.#runs.set(id, { ...run, state: 'running', startedAt: this.#now(), cancel });
    this.#tell(run.pod, 'started');
  }

  async stopContainer(id: string, graceSeconds: number): Promise<void> {
    if (this.#runs.get(id)?.state !== 'running') return;
    await this.#pause(Math.min(this.options.stopMs ?? 200, graceSeconds * 1000));
    this.#exit(id, graceSeconds > 0 ? 0 : 137);
  }

  async removeContainer(id: string): Promise<void> {
    const run = this.#runs.get(id);
    if (!run) return;
    run.cancel?.();
    this.#runs.delete(id);
    this.#exits.delete(id);
    this.#usage.delete(id);
    this.#forget(run.pod.uid, id);
  }

  async imageStatus(reference: string): Promise<ImageStatus | undefined> {
    const name = normalizeImageReference(reference);
    return { id: `simulated:${name}`, names: [name], sizeBytes: 0, user: '' };
  }

  async pullImage(reference: string): Promise<ImageStatus> {
    const name = normalizeImageReference(reference);
    return { id: `simulated:${name}`, names: [name], sizeBytes: 0, user: '' };
  }

  async listImages(): Promise<ImageStatus[]> {
    return [];
  }

  async logs(id: string, _options: LogOptions): Promise<Readable> {
    this.#run(id);
    return Readable.from(['This container is simulated: nothing runs, so it has no log.\n']);
  }

  async exec(): Promise<ExecSession> {
    throw new RuntimeError('not-running', 'this container is simulated: no command can run in it');
  }

  async attach(): Promise<ExecSession> {
    throw new RuntimeError('not-running', 'this container is simulated: there is no program to attach to');
  }

  async dialPod(): Promise<Duplex> {
    throw new RuntimeError('unreachable', 'this pod is simulated: nothing listens in it');
  }

  async stats(): Promise<ContainerStats[]> {
    const now = this.options.clock.now();
    return [...this.#usage].flatMap(([id, { cpuMillis, memoryBytes }]) => {
      const run = this.#runs.get(id);
      if (run?.state !== 'running' || !run.startedAt) return [];
      // A thousandth of a core for a millisecond is a thousand nanoseconds.
      const cpuNanoseconds = (now.getTime() - Date.parse(run.startedAt)) * cpuMillis * 1000;
      return [{ pod: run.pod, container: run.name, time: now.toISOString(), cpuNanoseconds, memoryBytes }];
    });
  }

  subscribe(listener: (event: RuntimeEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => {
      this.#listeners.delete(listener);
    };
  }

  async close(): Promise<void> {
    for (const run of this.#runs.values()) run.cancel?.();
    this.#listeners.clear();
  }

  #run(id: string): Run {
    const run = this.#runs.get(id);
    if (!run) throw new RuntimeError('not-found', `no container ${id}`);
    return run;
  }

  #exit(id: string, exitCode: number): void {
    const run = this.#runs.get(id);
    if (run?.state !== 'running') return;
    run.cancel?.();
    this.#runs.set(id, { ...run, state: 'exited', exitCode, finishedAt: this.#now(), cancel: undefined });
    this.#tell(run.pod, 'exited');
  }

  #tell(pod: PodIdentity, type: RuntimeEvent['type']): void {
    for (const listener of this.#listeners) listener({ podUid: pod.uid, type });
  }

  #index(uid: string, id: string): void {
    const ids = this.#byPod.get(uid) ?? new Set();
    ids.add(id);
    this.#byPod.set(uid, ids);
  }

  #forget(uid: string, id: string): void {
    const ids = this.#byPod.get(uid);
    ids?.delete(id);
    if (ids?.size === 0) this.#byPod.delete(uid);
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => this.options.clock.after(ms, resolve));
  }

  #now(): string {
    return this.options.clock.now().toISOString();
  }
}

/** A quantity that the container's environment states; what is none is ignored, as nothing of it is real. */
function quantityIn({ env }: ContainerConfig, name: string): string | undefined {
  const value = env.find((variable) => variable.name === name)?.value;
  return value !== undefined && isQuantity(value) ? value : undefined;
}
