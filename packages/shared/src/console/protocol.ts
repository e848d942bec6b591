/**
 * What the console's server and the browser say to each other over Socket.IO.
 *
 * The server holds the *fleet*: a small projection of every object that the console shows. A browser says
 * `hello`, gets a `snapshot` (in parts when it is large) and from then on `deltas`, in order and without a gap:
 * `from` of each message is `to` of the one before. After a disconnect it says `hello` with the place it had
 * reached and either continues with `deltas` or gets a new snapshot (another epoch, or too far behind).
 * The browser acknowledges what it has applied; the server keeps few messages in flight, so a slow browser
 * gets larger, merged deltas instead of a growing backlog.
 */

import type { LabelSelector } from 'kubernetes-types/meta/v1';

export const consoleSocketPath = '/console/socket';

export type FleetResource = FleetObject['resource'];

/** `pods/shop/web-1`, `nodes/node-1`: unique over the whole fleet. */
export type FleetKey = string;

interface FleetBase {
  readonly name: string;
  readonly uid: string;
  /** RFC 3339. */
  readonly created: string;
}

interface FleetNamespaced extends FleetBase {
  readonly namespace: string;
}

export interface FleetOwner {
  readonly kind: string;
  readonly name: string;
  readonly uid: string;
}

export type PodPhase = 'Pending' | 'Running' | 'Succeeded' | 'Failed' | 'Unknown' | 'Terminating';

/** The container that explains best why a pod is not simply running. */
export interface FleetContainerTrouble {
  readonly container: string;
  readonly state: 'waiting' | 'terminated';
  readonly reason?: string;
  readonly message?: string;
  readonly exitCode?: number;
}

export interface FleetPod extends FleetNamespaced {
  readonly resource: 'pods';
  /** The pod's phase; `Terminating` once its deletion has begun. */
  readonly phase: PodPhase;
  readonly ready: boolean;
  readonly restarts: number;
  readonly node?: string;
  readonly ip?: string;
  /** The controlling owner. */
  readonly owner?: FleetOwner;
  readonly trouble?: FleetContainerTrouble;
  /** Why it is not scheduled, in the scheduler's words. */
  readonly unscheduled?: string;
  /** Why the pod as a whole failed (`Evicted` and the like). */
  readonly reason?: string;
  readonly message?: string;
  /** Requested, in thousandths of a CPU and in bytes. */
  readonly cpu: number;
  readonly memory: number;
  readonly containers: readonly string[];
}

export interface FleetNode extends FleetBase {
  readonly resource: 'nodes';
  readonly ready: 'True' | 'False' | 'Unknown';
  readonly readyMessage?: string;
  readonly unschedulable: boolean;
  readonly zone?: string;
  readonly ip?: string;
  /** Allocatable, in thousandths of a CPU, bytes and pods. Undefined: the node has not said. */
  readonly cpu?: number;
  readonly memory?: number;
  readonly pods?: number;
  /** `key=value:Effect`. */
  readonly taints: readonly string[];
  /** Names of pressure conditions that are true, e.g. `MemoryPressure`. */
  readonly pressures: readonly string[];
  readonly runtime?: string;
  readonly version?: string;
  readonly podCidr?: string;
}

/** How far a job is. */
export interface FleetJobProgress {
  /** How many pods have to succeed; undefined: any one of them ends it. */
  readonly completions?: number;
  readonly parallelism: number;
  readonly active: number;
  readonly succeeded: number;
  readonly failed: number;
  readonly suspended: boolean;
  readonly outcome?: 'Complete' | 'Failed';
  /** Why it failed. */
  readonly message?: string;
  readonly started?: string;
  readonly finished?: string;
}

export interface FleetWorkload extends FleetNamespaced {
  readonly resource:
    | 'deployments'
    | 'replicasets'
    | 'replicationcontrollers'
    | 'statefulsets'
    | 'daemonsets'
    | 'jobs';
  /** Pods that should be there now: of a daemon set one a fitting node, of a job those that should run. */
  readonly desired: number;
  readonly replicas: number;
  readonly ready: number;
  readonly updated?: number;
  readonly images: readonly string[];
  readonly owner?: FleetOwner;
  /** The revision annotation that the deployment controller keeps. */
  readonly revision?: string;
  readonly paused?: boolean;
  /** True while the controller has not seen the latest spec. */
  readonly behind: boolean;
  /** The message of a condition that says that replicas cannot be made. */
  readonly failure?: string;
  /** One pod's requests, in thousandths of a CPU and in bytes. */
  readonly cpu: number;
  readonly memory: number;
  /** Labels of its pods, by which budgets find them. */
  readonly labels: Readonly<Record<string, string>>;
  /** Names of the claim templates of a stateful set. */
  readonly claims?: readonly string[];
  readonly job?: FleetJobProgress;
}

export interface FleetCronJob extends FleetNamespaced {
  readonly resource: 'cronjobs';
  readonly schedule: string;
  readonly timeZone?: string;
  readonly suspended: boolean;
  /** Jobs that run now. */
  readonly active: number;
  readonly lastRun?: string;
  readonly lastSuccess?: string;
  /** The next times, soonest first; none while it is suspended. */
  readonly upcoming: readonly string[];
  readonly images: readonly string[];
}

export interface FleetAutoscaler extends FleetNamespaced {
  readonly resource: 'horizontalpodautoscalers';
  readonly target: { readonly kind: string; readonly name: string };
  readonly min: number;
  readonly max: number;
  readonly current: number;
  readonly wanted: number;
  /** What is measured over what is wanted: `cpu: 63%/50%`. */
  readonly targets: string;
  /** Why it cannot decide now. */
  readonly trouble?: string;
}

export interface FleetBudget extends FleetNamespaced {
  readonly resource: 'poddisruptionbudgets';
  readonly selector?: LabelSelector;
  /** `at least 2`, `at most 1 missing`, as it was written. */
  readonly rule: string;
  /** How many more may be evicted now. */
  readonly allowed: number;
  readonly healthy: number;
  readonly wanted: number;
}

export interface FleetClaim extends FleetNamespaced {
  readonly resource: 'persistentvolumeclaims';
  readonly phase: string;
  /** As written: `1Gi`. What it has, or what it asks for while it has nothing. */
  readonly size?: string;
  readonly storageClass?: string;
  readonly volume?: string;
}

export interface FleetServicePort {
  readonly name?: string;
  readonly protocol: string;
  readonly port: number;
  readonly target: string;
  readonly nodePort?: number;
}

export interface FleetService extends FleetNamespaced {
  readonly resource: 'services';
  readonly type: string;
  readonly clusterIp?: string;
  readonly ports: readonly FleetServicePort[];
  /** `app=web,tier=front`; undefined when endpoints are kept by hand. */
  readonly selector?: string;
}

export interface FleetEndpointSlice extends FleetNamespaced {
  readonly resource: 'endpointslices';
  readonly service: string;
  readonly endpoints: readonly { readonly ip: string; readonly pod?: string; readonly ready: boolean }[];
}

export interface FleetEvent extends FleetNamespaced {
  readonly resource: 'events';
  readonly type: string;
  readonly reason: string;
  readonly message: string;
  readonly count: number;
  /** When it was seen last; RFC 3339. */
  readonly last: string;
  readonly about: { readonly kind: string; readonly namespace?: string; readonly name: string };
  readonly source?: string;
}

/** Config maps and secrets: the names of their keys, never what they hold. */
export interface FleetConfig extends FleetNamespaced {
  readonly resource: 'configmaps' | 'secrets';
  readonly type?: string;
  readonly keys: readonly string[];
}

export interface FleetNamespace extends FleetBase {
  readonly resource: 'namespaces';
  readonly phase: string;
}

export type FleetObject =
  | FleetAutoscaler
  | FleetBudget
  | FleetClaim
  | FleetConfig
  | FleetCronJob
  | FleetEndpointSlice
  | FleetEvent
  | FleetNamespace
  | FleetNode
  | FleetPod
  | FleetService
  | FleetWorkload;

export function fleetKey(object: FleetObject): FleetKey {
  return 'namespace' in object
    ? `${object.resource}/${object.namespace}/${object.name}`
    : `${object.resource}/${object.name}`;
}

export type FleetChange = { readonly put: FleetObject } | { readonly drop: FleetKey };

/** A place in the stream of changes. Another epoch means another server, or one that started anew. */
export interface FleetPlace {
  readonly epoch: string;
  readonly seq: number;
}

export interface Hello {
  readonly resumeFrom?: FleetPlace;
}

export interface Welcome {
  readonly user: string;
  readonly version: string;
}

/** One part of the whole fleet as of `seq`. The fleet is complete with the part whose `last` is true. */
export interface Snapshot extends FleetPlace {
  /** The highest resource version that went into it. */
  readonly revision: number;
  readonly first: boolean;
  readonly last: boolean;
  readonly objects: readonly FleetObject[];
}

/** Every change after `from` up to `to`; several changes of one object may be merged into its last. */
export interface Deltas {
  readonly epoch: string;
  readonly from: number;
  readonly to: number;
  readonly revision: number;
  readonly changes: readonly FleetChange[];
}

/** Sent about once a second: the connection lives even when nothing changes. */
export interface Pulse {
  /** The server's clock, milliseconds since 1970. */
  readonly time: number;
  readonly revision: number;
  /** False while the server itself cannot reach the cluster's API; what is shown may be old. */
  readonly current: boolean;
}

export interface ServerToBrowser {
  welcome(message: Welcome): void;
  snapshot(message: Snapshot): void;
  deltas(message: Deltas): void;
  pulse(message: Pulse): void;
}

export interface BrowserToServer {
  hello(message: Hello): void;
  /** Everything up to `seq` is applied. */
  ack(seq: number): void;
  /** Answers the server's clock at once; the browser measures the delay with it. */
  probe(answer: (time: number) => void): void;
}
