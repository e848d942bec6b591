import type { Duplex, Readable, Writable } from 'node:stream';

/**
 * What the kubelet needs from whatever runs containers. One runtime object serves one node of one cluster and
 * sees nothing else, even where several nodes share a Docker.
 *
 * - A pod is a sandbox (it holds the address) with containers in it. Containers of a sandbox that is gone are
 *   never running.
 * - The runtime is the memory: `listPods` answers from what really exists, so a kubelet that restarts finds
 *   everything again with attempt numbers and exit codes.
 * - Idempotent: creating a sandbox or container whose (pod uid, name, attempt) exists answers the existing one;
 *   starting a running, stopping a stopped and removing an absent one succeed.
 * - Calls for one pod arrive one after the other; calls for different pods run side by side.
 * - Everything that fails throws a {@link RuntimeError}; ask its `code`, show its message.
 */
export interface ContainerRuntime {
  readonly name: string;
  readonly abilities: RuntimeAbilities;
  /** Also the health check: throws `unavailable` when the runtime cannot work now. */
  version(): Promise<RuntimeVersion>;
  /** All pods of this node, whoever started them; each with its containers, newest attempt first. */
  listPods(): Promise<ObservedPod[]>;
  /** One pod; empty lists when nothing of it exists. */
  observePod(uid: string): Promise<ObservedPod>;
  /** Resolves once the sandbox is ready. Throws `address-in-use` when its address or a host port is taken. */
  createSandbox(config: SandboxConfig): Promise<SandboxStatus>;
  /** Stops and removes the sandbox; its containers must be gone or stopped. */
  removeSandbox(id: string): Promise<void>;
  /** Throws `image-missing` when the image is not here: the kubelet pulls, never this. */
  createContainer(sandbox: SandboxStatus, config: ContainerConfig): Promise<string>;
  /** Throws `start-failed` when the program cannot be run; the container then is `exited` and stays. */
  startContainer(id: string): Promise<void>;
  /** TERM (or the image's stop signal), after `graceSeconds` KILL; resolves once nothing of it runs. */
  stopContainer(id: string, graceSeconds: number): Promise<void>;
  /** Removes a container with its logs; a running one is killed. */
  removeContainer(id: string): Promise<void>;
  /** The image under a reference as users write it, or undefined. Local images are made on first asking. */
  imageStatus(reference: string): Promise<ImageStatus | undefined>;
  /** Throws `pull-failed` with the registry's words, `invalid-image-name` for what is no reference. */
  pullImage(reference: string, credentials?: RegistryCredentials): Promise<ImageStatus>;
  listImages(): Promise<ImageStatus[]>;
  /** Lines of both streams in the order written. With `follow` it ends when the container does. */
  logs(id: string, options: LogOptions): Promise<Readable>;
  /** Throws `not-running` when the container does not run, `start-failed` when the command cannot be run. */
  exec(id: string, options: ExecOptions): Promise<ExecSession>;
  /**
   * Joins the container's own program: its output from now on, and its input when it was made with one. The exit
   * resolves with 0 when the program ended or its output did. Throws `not-running`.
   */
  attach(id: string, options: AttachOptions): Promise<ExecSession>;
  /**
   * A TCP connection to a port of the pod, seen from inside it: what listens on the pod's 127.0.0.1 is found where
   * pods have a network of their own. Throws `unreachable` when nothing listens, `not-running` without a pod.
   */
  dialPod(sandbox: SandboxStatus, port: number): Promise<Duplex>;
  /** Of running containers only. */
  stats(): Promise<ContainerStats[]>;
  /**
   * Tells soon after something of this node changed. Events are hints: they may be lost or doubled, never carry
   * truth, and the receiver observes the pod again. Returns the removal of the listener.
   */
  subscribe(listener: (event: RuntimeEvent) => void): () => void;
  /** Ends connections and watchers. Containers go on. */
  close(): Promise<void>;
}

/**
 * An ability of its own: runtimes that set up something on the host which all local nodes of the cluster share.
 * For the end of a whole cluster, after its containers were stopped.
 */
export interface SharesHost {
  /** Takes it away; left alone while a pod of any node still uses it. The next start makes it again. */
  releaseHost(): Promise<void>;
}

export const sharesHost = (runtime: ContainerRuntime): runtime is ContainerRuntime & SharesHost =>
  'releaseHost' in runtime;

export interface RuntimeAbilities {
  /** Containers see mounted volumes; without it the kubelet makes none. */
  readonly volumes: boolean;
  /** Containers are real programs with addresses: probes, hooks and logs mean something. */
  readonly programs: boolean;
}

export interface RuntimeVersion {
  readonly name: string;
  readonly version: string;
}

export interface PodIdentity {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
}

export interface SandboxConfig {
  readonly pod: PodIdentity;
  /** Counts the sandboxes of one pod from 0. */
  readonly attempt: number;
  readonly hostname: string;
  /** The pod's IPv4 address; undefined on the host's network. */
  readonly address: string | undefined;
  readonly hostPid: boolean;
  readonly hostIpc: boolean;
  readonly shareProcesses: boolean;
  readonly ports: readonly PortMapping[];
  readonly sysctls: Readonly<Record<string, string>>;
  /** A directory of this pod on the host, made by the caller, for whatever the runtime keeps. */
  readonly directory: string;
}

export interface PortMapping {
  readonly hostIp: string | undefined;
  readonly hostPort: number;
  readonly containerPort: number;
  readonly protocol: 'TCP' | 'UDP' | 'SCTP';
}

export interface SandboxStatus {
  readonly id: string;
  readonly pod: PodIdentity;
  readonly attempt: number;
  readonly ready: boolean;
  /** RFC 3339. */
  readonly createdAt: string;
  /** Undefined on the host's network. */
  readonly address: string | undefined;
}

export interface ContainerConfig {
  readonly name: string;
  /** Counts the runs of this container in its pod from 0: the restart count. */
  readonly attempt: number;
  readonly image: string;
  /** Replaces the image's entry point. */
  readonly command: readonly string[] | undefined;
  readonly args: readonly string[] | undefined;
  readonly env: readonly EnvVar[];
  readonly workingDir: string | undefined;
  readonly mounts: readonly Mount[];
  readonly tty: boolean;
  readonly stdin: boolean;
  /** Input ends with the first attached client that ends it; otherwise never. */
  readonly stdinOnce?: boolean;
  readonly resources: ResourceLimits;
  readonly security: SecurityConfig;
  /** The sandbox shares its process namespace with this container. */
  readonly shareProcesses: boolean;
  readonly hostPid: boolean;
  readonly hostIpc: boolean;
  /** A directory of this container on the host, made by the caller. */
  readonly directory: string;
}

export interface EnvVar {
  readonly name: string;
  readonly value: string;
}

export interface Mount {
  /** Name of the volume; '' for what the kubelet adds itself. */
  readonly volume: string;
  readonly hostPath: string;
  readonly containerPath: string;
  readonly readOnly: boolean;
  readonly propagation: 'None' | 'HostToContainer' | 'Bidirectional';
}

export interface ResourceLimits {
  /** Thousandths of a core; undefined is no request. */
  readonly cpuRequestMillis: number | undefined;
  readonly cpuLimitMillis: number | undefined;
  readonly memoryLimitBytes: number | undefined;
}

export interface SecurityConfig {
  readonly privileged: boolean;
  readonly user: string | undefined;
  readonly readOnlyRootFilesystem: boolean;
  readonly noNewPrivileges: boolean;
  readonly addCapabilities: readonly string[];
  readonly dropCapabilities: readonly string[];
  readonly supplementalGroups: readonly number[];
  readonly seccompUnconfined: boolean;
}

export type ContainerState = 'created' | 'running' | 'exited';

export interface ContainerStatus {
  readonly id: string;
  readonly name: string;
  readonly attempt: number;
  readonly sandboxId: string;
  readonly image: string;
  readonly imageId: string;
  readonly state: ContainerState;
  /** RFC 3339. */
  readonly createdAt: string;
  readonly startedAt: string | undefined;
  readonly finishedAt: string | undefined;
  /** Only when exited. 128+n for death by signal n. */
  readonly exitCode: number | undefined;
  readonly oomKilled: boolean;
  /** Why it could not be started, in the runtime's words. */
  readonly message: string | undefined;
}

export interface ObservedPod {
  readonly pod: PodIdentity;
  /** Newest attempt first. */
  readonly sandboxes: readonly SandboxStatus[];
  /** Newest attempt of each name first. */
  readonly containers: readonly ContainerStatus[];
}

export interface ImageStatus {
  readonly id: string;
  readonly names: readonly string[];
  readonly sizeBytes: number;
  /** User that the image names, '' for root. */
  readonly user: string;
}

export interface RegistryCredentials {
  readonly username: string;
  readonly password: string;
  readonly server: string;
}

export interface LogOptions {
  readonly follow: boolean;
  readonly timestamps: boolean;
  /** Lines from the end; undefined for all. */
  readonly tail: number | undefined;
  readonly since: Date | undefined;
  readonly signal?: AbortSignal;
}

export interface ExecOptions {
  readonly command: readonly string[];
  readonly tty: boolean;
  readonly stdin: boolean;
  readonly env?: readonly EnvVar[];
}

export interface AttachOptions {
  readonly stdin: boolean;
}

export interface ExecSession {
  readonly stdin: Writable;
  readonly stdout: Readable;
  /** Empty with a tty. */
  readonly stderr: Readable;
  /** The exit code; resolves after both streams ended. */
  readonly exit: Promise<number>;
  resize(size: { width: number; height: number }): Promise<void>;
  /** Lets go of the session; the program may run on where the runtime cannot reach it. */
  close(): void;
}

export interface ContainerStats {
  readonly pod: PodIdentity;
  readonly container: string;
  /** RFC 3339. */
  readonly time: string;
  /** Nanoseconds of one core, since the container started. */
  readonly cpuNanoseconds: number;
  readonly memoryBytes: number;
}

export interface RuntimeEvent {
  readonly podUid: string;
  readonly type: 'started' | 'exited' | 'removed' | 'changed';
}

export type RuntimeErrorCode =
  | 'unavailable'
  | 'unreachable'
  | 'not-found'
  | 'not-running'
  | 'address-in-use'
  | 'image-missing'
  | 'invalid-image-name'
  | 'pull-failed'
  | 'invalid'
  | 'create-failed'
  | 'start-failed';

export class RuntimeError extends Error {
  override name = 'RuntimeError';
  constructor(
    readonly code: RuntimeErrorCode,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

export const hasRuntimeCode = (error: unknown, ...codes: RuntimeErrorCode[]): error is RuntimeError =>
  error instanceof RuntimeError && codes.includes(error.code);

/** Newest attempt first: the order that {@link ObservedPod} promises. */
export const byAttemptDescending = (a: { attempt: number }, b: { attempt: number }): number =>
  b.attempt - a.attempt;

/** Groups sandboxes and containers by pod. */
export function groupByPod(
  sandboxes: readonly SandboxStatus[],
  containers: readonly (ContainerStatus & { readonly pod: PodIdentity })[],
): ObservedPod[] {
  const pods = new Map<
    string,
    { pod: PodIdentity; sandboxes: SandboxStatus[]; containers: ContainerStatus[] }
  >();
  const entry = (pod: PodIdentity) => {
    const found = pods.get(pod.uid) ?? { pod, sandboxes: [], containers: [] };
    pods.set(pod.uid, found);
    return found;
  };
  for (const sandbox of sandboxes) entry(sandbox.pod).sandboxes.push(sandbox);
  for (const container of containers) entry(container.pod).containers.push(container);
  for (const pod of pods.values()) {
    pod.sandboxes.sort(byAttemptDescending);
    pod.containers.sort(byAttemptDescending);
  }
  return [...pods.values()];
}
