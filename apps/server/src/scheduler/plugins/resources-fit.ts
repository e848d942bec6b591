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
    return [...needs(pod, node), podsNeed(node)]
      .filter(({ requested, free }) => lacks(requested, free))
      .map((need) => shortfall(need));
  },

  headroom({ pod }, node) {
    const all = [...needs(pod, node), podsNeed(node)];
    let copies = Number.POSITIVE_INFINITY;
    for (const { requested, free } of all) {
      if (requested > 0) copies = Math.min(copies, Math.max(0, Math.floor(free / requested)));
    }
    const tightest = all.find(({ requested, free }) => lacks(requested, free - copies * requested));
    return { copies, limitedBy: tightest && shortfall(tightest, copies) };
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

function podsNeed(node: NodeInfo): Need {
  const { maxPods } = node.traits;
  return { resource: 'pods', requested: 1, free: maxPods - node.pods.size, allocatable: maxPods };
}

/** What is short for one more pod once `copies` others have come. */
function shortfall({ resource, requested, free, allocatable }: Need, copies = 0): Shortfall {
  const left = free - copies * requested;
  return { kind: 'resource', resource, requested, free: left, allocatable, missing: requested - left };
}
