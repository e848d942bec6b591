import { isDeepStrictEqual } from 'node:util';
import type { ContainerImage, NodeCondition, NodeStatus } from 'kubernetes-types/core/v1';
import type { ImageStatus } from '../../runtime/runtime';
import type { MachineFacts, MachineLoad } from './node-facts';

export interface NodeStatusInput {
  readonly nodeName: string;
  readonly nodeIp: string;
  readonly capacity: Readonly<Record<string, string>>;
  readonly facts: MachineFacts;
  readonly load: MachineLoad;
  readonly runtimeVersion: string;
  readonly version: string;
  /** Why pods cannot run now; undefined when they can. */
  readonly problem: string | undefined;
  readonly images: readonly ImageStatus[];
  readonly previous: NodeStatus | undefined;
  readonly now: Date;
}

/** The kubelet API has no port of its own: the server reaches it through the tunnel. */
const KUBELET_PORT = 10250;
const MAX_IMAGES = 50;
const MIN_MEMORY_BYTES = 100 * 2 ** 20;
const MIN_DISK_BYTES = 2 * 2 ** 30;
const MIN_DISK_SHARE = 0.1;

export function defaultCapacity(facts: MachineFacts, maxPods: number): Record<string, string> {
  return {
    cpu: String(facts.cpus),
    memory: `${Math.floor(facts.memoryBytes / 1024)}Ki`,
    'ephemeral-storage': `${Math.floor(facts.diskBytes / 1024)}Ki`,
    pods: String(maxPods),
  };
}

/** Pure: what the node says of itself. */
export function computeNodeStatus(input: NodeStatusInput): NodeStatus {
  const { facts, capacity, load, problem } = input;
  const diskLow =
    load.diskAvailableBytes < MIN_DISK_BYTES && load.diskAvailableBytes < load.diskBytes * MIN_DISK_SHARE;
  const conditions: Condition[] = [
    pressure('MemoryPressure', load.memoryAvailableBytes < MIN_MEMORY_BYTES, {
      yes: 'KubeletHasInsufficientMemory',
      no: 'KubeletHasSufficientMemory',
      what: 'memory',
    }),
    pressure('DiskPressure', diskLow, {
      yes: 'KubeletHasDiskPressure',
      no: 'KubeletHasNoDiskPressure',
      what: 'disk space',
    }),
    pressure('PIDPressure', false, {
      yes: 'KubeletHasInsufficientPID',
      no: 'KubeletHasSufficientPID',
      what: 'process ids',
    }),
    problem === undefined
      ? { type: 'Ready', status: 'True', reason: 'KubeletReady', message: 'kubelet is posting ready status' }
      : { type: 'Ready', status: 'False', reason: 'KubeletNotReady', message: problem },
  ];
  const offered = { ...extendedResources(input.previous), ...capacity };
  return {
    capacity: { ...offered },
    allocatable: { ...offered },
    addresses: [
      { type: 'InternalIP', address: input.nodeIp },
      { type: 'Hostname', address: input.nodeName },
    ],
    conditions: conditions.map((condition) => withTimes(condition, input.previous, input.now)),
    daemonEndpoints: { kubeletEndpoint: { Port: KUBELET_PORT } },
    nodeInfo: {
      ...facts.info,
      containerRuntimeVersion: input.runtimeVersion,
      kubeletVersion: input.version,
      kubeProxyVersion: input.version,
    },
    images: imagesOf(input.images),
  };
}

/** What others say that the node has (`example.com/gpu`): its kubelet offers it to pods, as Kubernetes' does. */
function extendedResources(status: NodeStatus | undefined): Record<string, string> {
  const entries = Object.entries(status?.capacity ?? {});
  return Object.fromEntries(
    entries.filter(([name]) => name.includes('/') && !name.split('/')[0]?.endsWith('kubernetes.io')),
  );
}

type Condition = Pick<NodeCondition, 'type' | 'status' | 'reason' | 'message'>;

function pressure(type: string, under: boolean, words: { yes: string; no: string; what: string }): Condition {
  return under
    ? { type, status: 'True', reason: words.yes, message: `kubelet has insufficient ${words.what} available` }
    : { type, status: 'False', reason: words.no, message: `kubelet has sufficient ${words.what} available` };
}

function withTimes(condition: Condition, previous: NodeStatus | undefined, now: Date): NodeCondition {
  const time = `${now.toISOString().slice(0, 19)}Z`;
  const before = previous?.conditions?.find(({ type }) => type === condition.type);
  return {
    ...condition,
    lastHeartbeatTime: time,
    lastTransitionTime: (before?.status === condition.status && before.lastTransitionTime) || time,
  };
}

function imagesOf(images: readonly ImageStatus[]): ContainerImage[] {
  return [...images]
    .filter(({ names }) => names.length > 0)
    .sort((a, b) => b.sizeBytes - a.sizeBytes)
    .slice(0, MAX_IMAGES)
    .map(({ names, sizeBytes }) => ({ names: [...names], sizeBytes }));
}

/** True when something but the heartbeat times differs. */
export function isNodeStatusChanged(a: NodeStatus | undefined, b: NodeStatus): boolean {
  const timeless = (status: NodeStatus | undefined) => ({
    ...status,
    conditions: status?.conditions?.map(({ type, status: is, reason, message }) => [
      type,
      is,
      reason,
      message,
    ]),
  });
  return !isDeepStrictEqual(timeless(a), timeless(b));
}

/** True when the API says otherwise than `own`: the node controller marks nodes that it has not heard of. */
export function isOverruled(present: NodeStatus | undefined, own: NodeStatus): boolean {
  return (own.conditions ?? []).some(
    ({ type, status }) =>
      present?.conditions?.find((condition) => condition.type === type)?.status !== status,
  );
}
