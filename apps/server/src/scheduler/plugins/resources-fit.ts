import type { FilterPlugin, Plugin, PluginIdentity, ScorePlugin } from '../framework/plugin';
import type { Rejection, Shortfall } from '../framework/rejection';
import type { NodeInfo } from '../snapshot/node-info';
import type { PodInfo } from '../snapshot/pod-info';

const TOO_MANY_PODS = 1;
const CPU = 2;
const MEMORY = 4;
const STORAGE = 8;

/** All combinations of the four plain shortages, made once: a full cluster refuses thousands of nodes a second. */
const REJECTIONS: readonly Rejection[] = Array.from({ length: 16 }, (_, mask) => ({
  reasons: [
    ...(mask & TOO_MANY_PODS ? ['Too many pods'] : []),
    ...(mask & CPU ? ['Insufficient cpu'] : []),
    ...(mask & MEMORY ? ['Insufficient memory'] : []),
    ...(mask & STORAGE ? ['Insufficient ephemeral-storage'] : []),
  ],
}));

/** Refuses nodes without room for the requests; prefers those with the largest share of CPU and memory left. */
export const resourcesFit: Plugin & FilterPlugin & ScorePlugin & PluginIdentity = {
  name: 'NodeResourcesFit',
  scope: 'node',
  retryOn: ['node-added', 'node-changed', 'pod-removed'],

  filter({ pod }, node) {
    const { requests } = pod;
    const { allocatable, maxPods } = node.traits;
    const { requested } = node;
    let mask = node.pods.size >= maxPods ? TOO_MANY_PODS : 0;
    if (lacks(requests.milliCpu, allocatable.milliCpu - requested.milliCpu)) mask |= CPU;
    if (lacks(requests.memory, allocatable.memory - requested.memory)) mask |= MEMORY;
    if (lacks(requests.ephemeralStorage, allocatable.ephemeralStorage - requested.ephemeralStorage)) {
      mask |= STORAGE;
    }
    const extended = requests.extended ? missingExtended(pod, node) : undefined;
    if (extended?.length) {
      const plain = REJECTIONS[mask]?.reasons ?? [];
      return { reasons: [...plain, ...extended.map((name) => `Insufficient ${name}`)] };
    }
    return mask === 0 ? undefined : REJECTIONS[mask];
  },

  shortfalls({ pod }, node) {
    return resourceShortfalls(pod, node);
  },

  headroom({ pod }, node) {
    let copies = node.traits.maxPods - node.pods.size;
    for (const { requested, free } of needs(pod, node)) {
      if (requested > 0) copies = Math.min(copies, Math.floor(free / requested));
    }
    return Math.max(0, copies);
  },

  score({ pod }, node) {
    const { allocatable } = node.traits;
    const cpu = freeShare(node.scoredMilliCpu + pod.scored.milliCpu, allocatable.milliCpu);
    const memory = freeShare(node.scoredMemory + pod.scored.memory, allocatable.memory);
    return Math.floor((cpu + memory) / 2);
  },
};

function lacks(requested: number, free: number): boolean {
  return requested > 0 && requested > free;
}

/** 0 to 100. */
function freeShare(used: number, allocatable: number): number {
  if (allocatable === 0 || used > allocatable) return 0;
  return Math.floor(((allocatable - used) * 100) / allocatable);
}

function missingExtended(pod: PodInfo, node: NodeInfo): string[] {
  const missing: string[] = [];
  for (const [name, amount] of pod.requests.extended ?? []) {
    const free =
      (node.traits.allocatable.extended?.get(name) ?? 0) - (node.requested.extended?.get(name) ?? 0);
    if (lacks(amount, free)) missing.push(name);
  }
  return missing;
}

interface Need {
  readonly resource: string;
  readonly requested: number;
  readonly free: number;
  readonly allocatable: number;
}

function needs({ requests }: PodInfo, { traits: { allocatable }, requested }: NodeInfo): Need[] {
  const plain = (resource: string, wanted: number, offered: number, used: number): Need => ({
    resource,
    requested: wanted,
    free: offered - used,
    allocatable: offered,
  });
  const list = [
    plain('cpu', requests.milliCpu, allocatable.milliCpu, requested.milliCpu),
    plain('memory', requests.memory, allocatable.memory, requested.memory),
    plain(
      'ephemeral-storage',
      requests.ephemeralStorage,
      allocatable.ephemeralStorage,
      requested.ephemeralStorage,
    ),
  ];
  for (const [name, amount] of requests.extended ?? []) {
    const offered = allocatable.extended?.get(name) ?? 0;
    list.push(plain(name, amount, offered, requested.extended?.get(name) ?? 0));
  }
  return list;
}

/** What the node is short of for one more such pod. */
export function resourceShortfalls(pod: PodInfo, node: NodeInfo): Shortfall[] {
  const short: Shortfall[] = needs(pod, node)
    .filter(({ requested, free }) => lacks(requested, free))
    .map((need) => ({ kind: 'resource', ...need, missing: need.requested - need.free }));
  const freePods = node.traits.maxPods - node.pods.size;
  if (freePods < 1) {
    short.push({
      kind: 'resource',
      resource: 'pods',
      requested: 1,
      free: freePods,
      allocatable: node.traits.maxPods,
      missing: 1 - freePods,
    });
  }
  return short;
}
