import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { release } from 'node:os';
import { join } from 'node:path';
import type { Duplex, Readable } from 'node:stream';
import type { Clock } from '@wheelhouse/shared/clock';
import { dialTcp } from '../dial';
import { normalizeImageReference } from '../images/image-reference';
import { HELLO_IMAGE, localImage } from '../images/local-image';
import {
  type AttachOptions,
  type ContainerConfig,
  type ContainerRuntime,
  type ContainerStats,
  type ExecOptions,
  type ExecSession,
  groupByPod,
  type ImageStatus,
  type LogOptions,
  type ObservedPod,
  RuntimeError,
  type RuntimeEvent,
  type SandboxConfig,
  type SandboxStatus,
} from '../runtime';
import { addHostAddress, removeHostAddress } from './host-addresses';
import { attachToProcess } from './process-attach';
import { ProcessContainer } from './process-container';
import { execBeside } from './process-exec';
import { listProcesses, NANOSECONDS_PER_TICK, PAGE_BYTES } from './process-table';

export interface ProcessRuntimeOptions {
  /** This node's own; everything is kept here. */
  readonly directory: string;
  readonly clock: Clock;
}

/** Containers as processes of this host; README.md says what that means. Finds again what an earlier one left. */
export async function createProcessRuntime(options: ProcessRuntimeOptions): Promise<ContainerRuntime> {
  const runtime = new ProcessRuntime(options);
  await runtime.load();
  return runtime;
}

const SANDBOX_PREFIX = 'sandbox-';

class ProcessRuntime implements ContainerRuntime {
  readonly name = 'process';
  readonly abilities = { volumes: true, programs: true };
  readonly #sandboxes = new Map<string, SandboxStatus>();
  readonly #containers = new Map<string, ProcessContainer>();
  readonly #listeners = new Set<(event: RuntimeEvent) => void>();
  readonly #containerOptions: Parameters<typeof ProcessContainer.load>[1];

  constructor(private readonly options: ProcessRuntimeOptions) {
    this.#containerOptions = {
      clock: options.clock,
      onChange: (container, type) => this.#tell(container.status().pod.uid, type),
    };
  }

  async load(): Promise<void> {
    const { directory } = this.options;
    await mkdir(directory, { recursive: true, mode: 0o755 });
    for (const uid of await readdir(directory)) {
      for (const name of await readdir(join(directory, uid)).catch(() => [])) {
        const path = join(directory, uid, name);
        if (name.startsWith(SANDBOX_PREFIX)) await this.#loadSandbox(path);
        else await this.#loadRuns(path);
      }
    }
  }

  async version() {
    return { name: 'process', version: release() };
  }

  async listPods(): Promise<ObservedPod[]> {
    return groupByPod(
      [...this.#sandboxes.values()],
      [...this.#containers.values()].map((container) => container.status()),
    );
  }

  async observePod(uid: string): Promise<ObservedPod> {
    const sandboxes = [...this.#sandboxes.values()].filter(({ pod }) => pod.uid === uid);
    const containers = [...this.#containers.values()].map((container) => container.status());
    const [pod] = groupByPod(
      sandboxes,
      containers.filter((status) => status.pod.uid === uid),
    );
    return pod ?? { pod: { namespace: '', name: '', uid }, sandboxes: [], containers: [] };
  }

  async createSandbox(config: SandboxConfig): Promise<SandboxStatus> {
    const { pod, attempt, address } = config;
    const id = `${pod.uid}.${attempt}`;
    const existing = this.#sandboxes.get(id);
    if (existing) return existing;
    const clash = [...this.#sandboxes.values()].find((sandbox) => address && sandbox.address === address);
    if (clash)
      throw new RuntimeError('address-in-use', `address ${address} belongs to pod ${clash.pod.name}`);
    if (address) await addHostAddress(address);
    const sandbox = {
      id,
      pod,
      attempt,
      address,
      ready: true,
      createdAt: this.options.clock.now().toISOString(),
    };
    const directory = join(this.options.directory, pod.uid);
    await mkdir(directory, { recursive: true, mode: 0o755 });
    const file = join(directory, `${SANDBOX_PREFIX}${attempt}`);
    await writeFile(`${file}.new`, JSON.stringify(sandbox));
    await rename(`${file}.new`, file);
    this.#sandboxes.set(id, sandbox);
    return sandbox;
  }

  async removeSandbox(id: string): Promise<void> {
    const sandbox = this.#sandboxes.get(id);
    if (!sandbox) return;
    if (sandbox.address) await removeHostAddress(sandbox.address);
    await rm(join(this.options.directory, sandbox.pod.uid, `${SANDBOX_PREFIX}${sandbox.attempt}`), {
      force: true,
    });
    this.#sandboxes.delete(id);
    await this.#removeEmpty(sandbox.pod.uid);
  }

  async createContainer(sandbox: SandboxStatus, config: ContainerConfig): Promise<string> {
    const id = `${sandbox.pod.uid}.${config.name}.${config.attempt}`;
    if (this.#containers.has(id)) return id;
    const directory = join(this.options.directory, sandbox.pod.uid, config.name, String(config.attempt));
    await mkdir(directory, { recursive: true, mode: 0o755 });
    const container = await ProcessContainer.create(
      directory,
      { id, sandbox, config },
      this.#containerOptions,
    );
    this.#containers.set(id, container);
    return id;
  }

  async startContainer(id: string): Promise<void> {
    await this.#container(id).start();
  }

  async stopContainer(id: string, graceSeconds: number): Promise<void> {
    await this.#containers.get(id)?.stop(graceSeconds);
  }

  async removeContainer(id: string): Promise<void> {
    const container = this.#containers.get(id);
    if (!container) return;
    const { pod } = container.status();
    await container.remove();
    this.#containers.delete(id);
    await this.#removeEmpty(pod.uid);
  }

  async imageStatus(reference: string): Promise<ImageStatus | undefined> {
    const name = normalizeImageReference(reference);
    // Any other image is only a name here: what runs is the container's command.
    return { id: localImage(name) ? `local:${name}` : 'host', names: [name], sizeBytes: 0, user: '' };
  }

  async pullImage(reference: string): Promise<ImageStatus> {
    const name = normalizeImageReference(reference);
    return { id: localImage(name) ? `local:${name}` : 'host', names: [name], sizeBytes: 0, user: '' };
  }

  async listImages(): Promise<ImageStatus[]> {
    return [{ id: `local:${HELLO_IMAGE}`, names: [HELLO_IMAGE], sizeBytes: 0, user: '' }];
  }

  async logs(id: string, options: LogOptions): Promise<Readable> {
    const container = this.#container(id);
    return container.log.read(options, () => container.status().state !== 'exited');
  }

  async exec(id: string, options: ExecOptions): Promise<ExecSession> {
    const container = this.#container(id);
    if (container.status().state !== 'running')
      throw new RuntimeError('not-running', `container ${id} is not running`);
    return execBeside(container, options);
  }

  async attach(id: string, options: AttachOptions): Promise<ExecSession> {
    const container = this.#container(id);
    if (container.status().state !== 'running')
      throw new RuntimeError('not-running', `container ${id} is not running`);
    return attachToProcess(container, options);
  }

  dialPod({ address }: SandboxStatus, port: number): Promise<Duplex> {
    return dialTcp(address ?? '127.0.0.1', port);
  }

  async stats(): Promise<ContainerStats[]> {
    const processes = await listProcesses();
    const time = this.options.clock.now().toISOString();
    return [...this.#containers.values()].flatMap((container) => {
      const { leader } = container;
      if (leader === undefined) return [];
      const own = processes.filter(({ session }) => session === leader);
      const sum = (pick: (entry: (typeof own)[number]) => number) =>
        own.reduce((total, entry) => total + pick(entry), 0);
      const { pod, name } = container.status();
      return {
        pod,
        container: name,
        time,
        cpuNanoseconds: sum(({ cpuTicks }) => cpuTicks) * NANOSECONDS_PER_TICK,
        memoryBytes: sum(({ residentPages }) => residentPages) * PAGE_BYTES,
      };
    });
  }

  subscribe(listener: (event: RuntimeEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => {
      this.#listeners.delete(listener);
    };
  }

  async close(): Promise<void> {
    for (const container of this.#containers.values()) container.close();
    this.#listeners.clear();
  }

  #container(id: string): ProcessContainer {
    const container = this.#containers.get(id);
    if (!container) throw new RuntimeError('not-found', `no container ${id}`);
    return container;
  }

  #tell(podUid: string, type: RuntimeEvent['type']): void {
    for (const listener of this.#listeners) listener({ podUid, type });
  }

  async #loadSandbox(path: string): Promise<void> {
    const text = await readFile(path, 'utf8').catch(() => '');
    if (!text || path.endsWith('.new')) return;
    // Written by `createSandbox` alone, and put in place at one moment.
    const sandbox = JSON.parse(text) as SandboxStatus;
    // After a reboot of the host the address has to be added again.
    if (sandbox.address) await addHostAddress(sandbox.address);
    this.#sandboxes.set(sandbox.id, sandbox);
  }

  async #loadRuns(path: string): Promise<void> {
    for (const attempt of await readdir(path).catch(() => [])) {
      const container = await ProcessContainer.load(join(path, attempt), this.#containerOptions);
      if (container) this.#containers.set(container.id, container);
    }
  }

  /** The pod's directory goes with the last thing in it. */
  async #removeEmpty(uid: string): Promise<void> {
    const inUse =
      [...this.#sandboxes.values()].some(({ pod }) => pod.uid === uid) ||
      [...this.#containers.values()].some((container) => container.status().pod.uid === uid);
    if (!inUse) await rm(join(this.options.directory, uid), { recursive: true, force: true });
  }
}
