import { type Duplex, PassThrough, pipeline, type Readable } from 'node:stream';
import { type Clock, systemClock } from '@wheelhouse/shared/clock';
import Docker from 'dockerode';
import { dialTcp, dialWithin } from '../dial';
import { PAUSE_IMAGE } from '../images/local-image';
import {
  type AttachOptions,
  type ContainerConfig,
  type ContainerRuntime,
  type ContainerStats,
  type ContainerStatus,
  type ExecOptions,
  type ExecSession,
  groupByPod,
  hasRuntimeCode,
  type LogOptions,
  type ObservedPod,
  type PodIdentity,
  RuntimeError,
  type RuntimeEvent,
  type SandboxConfig,
  type SandboxStatus,
  type SharesHost,
} from '../runtime';
import { containerOptions, sandboxOptions } from './container-options';
import { asRuntimeError, dockerStatus } from './docker-errors';
import { watchEvents } from './docker-events';
import { DockerImages } from './docker-images';
import { isSandbox, ownedFilter, podOf } from './docker-labels';
import { ensureNetwork, networkName, removeNetwork } from './docker-network';
import { containerStatus, sandboxStatus } from './docker-state';
import { DockerDemultiplexer, dockerAttachSession, dockerExecSession } from './docker-streams';

export interface DockerRuntimeOptions {
  readonly clusterId: string;
  readonly nodeName: string;
  /** The cluster's whole pod range: the subnet of the network that all its local nodes share. */
  readonly clusterCidr: string;
  /** Where Docker listens; default /var/run/docker.sock, or DOCKER_HOST. */
  readonly docker?: Docker.DockerOptions;
  readonly clock?: Clock;
}

/** True when a Docker answers within `timeoutMs`. */
export async function isDockerAvailable(
  options: Docker.DockerOptions = {},
  timeoutMs = 2_000,
): Promise<boolean> {
  try {
    await new Docker({ ...options, timeout: timeoutMs }).ping();
    return true;
  } catch {
    return false;
  }
}

/** Containers in Docker. Throws `unavailable` when Docker does not answer, `invalid` when the network cannot be made. */
export async function createDockerRuntime(options: DockerRuntimeOptions): Promise<ContainerRuntime> {
  const runtime = new DockerRuntime(options);
  await runtime.version();
  await runtime.prepare();
  return runtime;
}

type OwnedContainer = ContainerStatus & { readonly pod: PodIdentity };

class DockerRuntime implements ContainerRuntime, SharesHost {
  readonly name = 'docker';
  readonly abilities = { volumes: true, programs: true };
  readonly #docker: Docker;
  readonly #images: DockerImages;
  readonly #owner: { cluster: string; node: string };
  readonly #network: string;
  readonly #listeners = new Set<(event: RuntimeEvent) => void>();
  readonly #stopEvents: () => void;
  /** Exited containers never change again, so each is inspected once. */
  #exited = new Map<string, OwnedContainer>();

  constructor(private readonly options: DockerRuntimeOptions) {
    this.#docker = new Docker(options.docker);
    this.#images = new DockerImages(this.#docker);
    this.#owner = { cluster: options.clusterId, node: options.nodeName };
    this.#network = networkName(options.clusterId);
    this.#stopEvents = watchEvents({
      docker: this.#docker,
      ...this.#owner,
      clock: options.clock ?? systemClock,
      onEvent: (event) => this.#tell(event),
      onGap: () => void this.#tellAll(),
    });
  }

  async prepare(): Promise<void> {
    await ensureNetwork(this.#docker, {
      name: this.#network,
      subnet: this.options.clusterCidr,
      cluster: this.options.clusterId,
    });
    await this.#images.status(PAUSE_IMAGE);
  }

  async version() {
    try {
      const version = await this.#docker.version();
      return { name: 'docker', version: version.Version };
    } catch (error) {
      throw asRuntimeError(error, 'unavailable');
    }
  }

  async listPods(): Promise<ObservedPod[]> {
    return this.#observe(ownedFilter(this.#owner.cluster, this.#owner.node), true);
  }

  async observePod(uid: string): Promise<ObservedPod> {
    const pods = await this.#observe(ownedFilter(this.#owner.cluster, this.#owner.node, uid), false);
    return pods[0] ?? { pod: { namespace: '', name: '', uid }, sandboxes: [], containers: [] };
  }

  async createSandbox(config: SandboxConfig): Promise<SandboxStatus> {
    const create = () => this.#docker.createContainer(sandboxOptions(config, this.#owner, this.#network));
    const now = (this.options.clock ?? systemClock).now().toISOString();
    let container: Docker.Container;
    let existing = false;
    try {
      container = await create();
    } catch (error) {
      if (dockerStatus(error) === 409) {
        existing = true;
        container = this.#docker.getContainer(sandboxOptions(config, this.#owner, this.#network).name ?? '');
      } else if (dockerStatus(error) === 404) {
        // The pause image or the network was removed behind our back.
        await this.prepare();
        container = await create().catch((again) => Promise.reject(asRuntimeError(again, 'create-failed')));
      } else throw asRuntimeError(error, 'create-failed');
    }
    try {
      await container.start();
    } catch (error) {
      if (dockerStatus(error) !== 304) {
        const failure = asRuntimeError(error, 'start-failed');
        // An unstarted sandbox is worth nothing and its name would be in the way of the next try.
        await container.remove({ force: true }).catch(() => undefined);
        throw failure;
      }
    }
    const { id, createdAt } = existing
      ? await this.#inspect(container.id)
      : { id: container.id, createdAt: now };
    return { id, pod: config.pod, attempt: config.attempt, ready: true, createdAt, address: config.address };
  }

  async removeSandbox(id: string): Promise<void> {
    await this.removeContainer(id);
  }

  async createContainer(sandbox: SandboxStatus, config: ContainerConfig): Promise<string> {
    const options = containerOptions(config, sandbox, this.#owner);
    try {
      const container = await this.#docker.createContainer(options);
      return container.id;
    } catch (error) {
      if (dockerStatus(error) === 409 && options.name) {
        const existing = await this.#inspect(options.name).catch(() => undefined);
        if (existing) return existing.id;
      }
      throw asRuntimeError(error, 'create-failed');
    }
  }

  async startContainer(id: string): Promise<void> {
    try {
      await this.#docker.getContainer(id).start();
    } catch (error) {
      if (dockerStatus(error) !== 304) throw asRuntimeError(error, 'start-failed');
    }
  }

  async stopContainer(id: string, graceSeconds: number): Promise<void> {
    const container = this.#docker.getContainer(id);
    try {
      if (graceSeconds > 0) await container.stop({ t: Math.ceil(graceSeconds) });
      else {
        await container.kill();
        await container.wait();
      }
    } catch (error) {
      // 304: was not running; 404: is gone; 409: kill of one that does not run.
      if (![304, 404, 409].includes(dockerStatus(error) ?? 0)) throw asRuntimeError(error, 'unavailable');
    }
  }

  async removeContainer(id: string): Promise<void> {
    try {
      await this.#docker.getContainer(id).remove({ force: true, v: true });
    } catch (error) {
      const removing = dockerStatus(error) === 409 && /already in progress/.test(String(error));
      if (dockerStatus(error) !== 404 && !removing) throw asRuntimeError(error, 'unavailable');
    }
    this.#exited.delete(id);
  }

  imageStatus(reference: string) {
    return this.#images.status(reference);
  }

  pullImage(reference: string, credentials?: Parameters<DockerImages['pull']>[1]) {
    return this.#images.pull(reference, credentials);
  }

  listImages() {
    return this.#images.list();
  }

  async logs(id: string, options: LogOptions): Promise<Readable> {
    const container = this.#docker.getContainer(id);
    const query = {
      stdout: true,
      stderr: true,
      timestamps: options.timestamps,
      ...(options.tail === undefined ? {} : { tail: options.tail }),
      ...(options.since === undefined ? {} : { since: options.since.getTime() / 1000 }),
    };
    try {
      const { Config: config } = await container.inspect();
      const source = await this.#logStream(id, {
        ...query,
        ...(options.follow ? { follow: true } : {}),
      });
      options.signal?.addEventListener('abort', () => source.destroy(), { once: true });
      const output = config.Tty ? new PassThrough() : new DockerDemultiplexer();
      // A consumer that goes away ends it.
      pipeline(source, output, () => undefined);
      return output;
    } catch (error) {
      throw asRuntimeError(error, 'unavailable');
    }
  }

  async exec(id: string, options: ExecOptions): Promise<ExecSession> {
    try {
      const exec = await this.#docker.getContainer(id).exec({
        Cmd: [...options.command],
        Env: options.env?.map(({ name, value }) => `${name}=${value}`),
        AttachStdin: options.stdin,
        AttachStdout: true,
        AttachStderr: !options.tty,
        Tty: options.tty,
      });
      const connection = await exec.start({ hijack: true, stdin: options.stdin, Tty: options.tty });
      return dockerExecSession(exec, connection, options.tty);
    } catch (error) {
      if (dockerStatus(error) === 409)
        throw new RuntimeError('not-running', asRuntimeError(error, 'not-running').message);
      throw asRuntimeError(error, 'start-failed');
    }
  }

  async attach(id: string, options: AttachOptions): Promise<ExecSession> {
    const container = this.#docker.getContainer(id);
    try {
      const { Config: config, State: state } = await container.inspect();
      if (!state.Running) throw new RuntimeError('not-running', `container ${id} is not running`);
      const stdin = options.stdin && config.OpenStdin;
      const connection = await container.attach({
        stream: true,
        hijack: true,
        stdin,
        stdout: true,
        stderr: true,
      });
      // dockerode types the hijacked connection without its readable side.
      return dockerAttachSession(container, connection as Duplex, config.Tty);
    } catch (error) {
      if (error instanceof RuntimeError) throw error;
      throw asRuntimeError(error, 'unavailable');
    }
  }

  async dialPod({ id, address }: SandboxStatus, port: number): Promise<Duplex> {
    const state = await this.#docker
      .getContainer(id)
      .inspect()
      .then(
        ({ State }) => State,
        (error) => Promise.reject(asRuntimeError(error, 'unavailable')),
      );
    if (!state.Running) throw new RuntimeError('not-running', `sandbox ${id} is not running`);
    try {
      return await dialTcp(address ?? '127.0.0.1', port);
    } catch (error) {
      // Nothing on the pod's address; something may listen on its loopback alone.
      if (address === undefined || !hasRuntimeCode(error, 'unreachable')) throw error;
      return dialWithin(state.Pid, port);
    }
  }

  async stats(): Promise<ContainerStats[]> {
    const pods = await this.listPods();
    const running = pods.flatMap(({ pod, containers }) =>
      containers.filter(({ state }) => state === 'running').map(({ id, name }) => ({ pod, id, name })),
    );
    const answers = await Promise.all(
      running.map(async ({ pod, id, name }): Promise<ContainerStats | undefined> => {
        try {
          const stats = await this.#docker.getContainer(id).stats({ stream: false, 'one-shot': true });
          return {
            pod,
            container: name,
            time: stats.read,
            cpuNanoseconds: stats.cpu_stats?.cpu_usage?.total_usage ?? 0,
            memoryBytes: workingSet(stats.memory_stats),
          };
        } catch (error) {
          // It ended since it was listed.
          if ([404, 409].includes(dockerStatus(error) ?? 0)) return undefined;
          throw asRuntimeError(error, 'unavailable');
        }
      }),
    );
    return answers.filter((answer) => answer !== undefined);
  }

  subscribe(listener: (event: RuntimeEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => {
      this.#listeners.delete(listener);
    };
  }

  releaseHost(): Promise<void> {
    return removeNetwork(this.#docker, this.#network);
  }

  async close(): Promise<void> {
    this.#stopEvents();
    this.#listeners.clear();
  }

  /** Docker's answer as it comes: dockerode itself would read a log that is not followed into memory first. */
  #logStream(id: string, query: Readonly<Record<string, unknown>>): Promise<Readable> {
    return new Promise((resolve, reject) => {
      this.#docker.modem.dial(
        {
          path: `/containers/${id}/logs?`,
          method: 'GET',
          isStream: true,
          statusCodes: { 200: true, 404: 'no such container', 500: 'server error' },
          options: query,
        },
        (error: unknown, stream: unknown) => {
          if (error) reject(error);
          // With `isStream` it is the HTTP response.
          else resolve(stream as Readable);
        },
      );
    });
  }

  async #observe(filters: { label: string[] }, everything: boolean): Promise<ObservedPod[]> {
    try {
      const infos = await this.#docker.listContainers({ all: true, filters });
      const sandboxes = infos.filter((info) => isSandbox(info.Labels)).map(sandboxStatus);
      const containers = await Promise.all(
        infos
          .filter((info) => !isSandbox(info.Labels))
          .map((info) => this.#exited.get(info.Id) ?? this.#inspectOwned(info.Id)),
      );
      const found = containers.filter((container) => container !== undefined);
      if (everything) this.#exited = new Map();
      for (const container of found)
        if (container.state === 'exited') this.#exited.set(container.id, container);
      return groupByPod(sandboxes, found);
    } catch (error) {
      throw asRuntimeError(error, 'unavailable');
    }
  }

  async #inspectOwned(id: string): Promise<OwnedContainer | undefined> {
    try {
      return containerStatus(await this.#docker.getContainer(id).inspect());
    } catch (error) {
      if (dockerStatus(error) === 404) return undefined;
      throw error;
    }
  }

  async #inspect(id: string): Promise<OwnedContainer> {
    try {
      return containerStatus(await this.#docker.getContainer(id).inspect());
    } catch (error) {
      throw asRuntimeError(error, 'unavailable');
    }
  }

  #tell(event: RuntimeEvent): void {
    for (const listener of this.#listeners) listener(event);
  }

  /** After a gap every pod may have changed. */
  async #tellAll(): Promise<void> {
    const infos = await this.#docker
      .listContainers({ all: true, filters: ownedFilter(this.#owner.cluster, this.#owner.node) })
      .catch(() => []);
    for (const info of infos) this.#tell({ podUid: podOf(info.Labels).uid, type: 'changed' });
  }
}

/** What cannot be given back under pressure: usage without the inactive file cache, as the kubelet counts. */
function workingSet(memory: Docker.MemoryStats | undefined): number {
  const usage = memory?.usage ?? 0;
  const details: Readonly<Record<string, number | undefined>> = { ...memory?.stats };
  const inactive = details.total_inactive_file ?? details.inactive_file ?? 0;
  return Math.max(0, usage - inactive);
}
