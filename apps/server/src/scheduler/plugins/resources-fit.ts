import { FieldReader } from '../config/field-reader';
import type { FilterPlugin, Plugin, PluginIdentity, ScorePlugin } from '../framework/plugin';
import type { Rejection, Shortfall } from '../framework/rejection';
import type { NodeInfo } from '../snapshot/node-info';
import type { PodInfo } from '../snapshot/pod-info';
import {
  byShape,
  CPU_AND_MEMORY,
  leastAllocated,
  mostAllocated,
  type ResourceWeight,
  readResourceWeights,
  readShape,
  type UsageScore,
  usageOf,
} from './resource-scoring';

const NAME = 'NodeResourcesFit';
const TOO_MANY_PODS = 1;
const CPU = 2;
const MEMORY = 4;
const STORAGE = 8;
/** The node is too small whoever leaves it. */
const NEVER = 16;

/** All combinations of the plain shortages, made once: a full cluster refuses thousands of nodes a second. */
const REJECTIONS: readonly Rejection[] = Array.from({ length: 32 }, (_, mask) => ({
  reasons: [
    ...(mask & TOO_MANY_PODS ? ['Too many pods'] : []),
    ...(mask & CPU ? ['Insufficient cpu'] : []),
    ...(mask & MEMORY ? ['Insufficient memory'] : []),
    ...(mask & STORAGE ? ['Insufficient ephemeral-storage'] : []),
  ],
  ...(mask & NEVER ? { unresolvable: true } : {}),
}));

export interface ResourcesFitOptions {
  readonly score: UsageScore;
  readonly resources: readonly ResourceWeight[];
  /** Leaves resources without a score out of the mean and rounds it: the rule of requested-to-capacity. */
  readonly meanOfPositive: boolean;
  /** Extended resources that the filter does not look at, because an extender does. */
  readonly ignores: (resource: string) => boolean;
}

const DEFAULTS: ResourcesFitOptions = {
  score: leastAllocated,
  resources: CPU_AND_MEMORY,
  meanOfPositive: false,
  ignores: () => false,
};

/** NodeResourcesFitArgs: `scoringStrategy` (LeastAllocated, MostAllocated, RequestedToCapacityRatio), `ignoredResources`, `ignoredResourceGroups`. */
export function readResourcesFitArgs(args: unknown): ResourcesFitOptions {
  const reader = new FieldReader(args, NAME).only(
    'apiVersion',
    'kind',
    'scoringStrategy',
    'ignoredResources',
    'ignoredResourceGroups',
  );
  const ignored = new Set(
    reader
      .field('ignoredResources')
      .list()
      .map((one) => one.text()),
  );
  const groups = new Set(
    reader
      .field('ignoredResourceGroups')
      .list()
      .map((one) => one.text()),
  );
  const ignores = (name: string) => ignored.has(name) || groups.has(name.split('/')[0] ?? '');
  const strategy = reader.field('scoringStrategy').only('type', 'resources', 'requestedToCapacityRatio');
  const resources = readResourceWeights(strategy.field('resources'), CPU_AND_MEMORY);
  const type = strategy.field('type');
  const kind = type.isSet
    ? type.oneOf('LeastAllocated', 'MostAllocated', 'RequestedToCapacityRatio')
    : 'LeastAllocated';
  const options = { resources, ignores };
  if (kind === 'RequestedToCapacityRatio') {
    const shape = readShape(strategy.field('requestedToCapacityRatio').only('shape').field('shape'));
    return { ...options, score: byShape(shape), meanOfPositive: true };
  }
  return {
    ...options,
    score: kind === 'MostAllocated' ? mostAllocated : leastAllocated,
    meanOfPositive: false,
  };
}

/** Refuses nodes without room for the requests; prefers by the use of CPU and memory, by default those with most left. */
export function resourcesFit(
  options: ResourcesFitOptions = DEFAULTS,
): Plugin & FilterPlugin & ScorePlugin & PluginIdentity {
  const { resources, ignores, meanOfPositive } = options;
  return {
    name: NAME,
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
      const extended = requests.extended ? missingExtended(pod, node, ignores) : undefined;
      if (mask === 0 && !extended?.length) return undefined;
      if (isTooSmall(pod, node, ignores)) mask |= NEVER;
      if (!extended?.length) return REJECTIONS[mask];
      return {
        reasons: [...(REJECTIONS[mask]?.reasons ?? []), ...extended.map((name) => `Insufficient ${name}`)],
        ...(mask & NEVER ? { unresolvable: true } : {}),
      };
    },

    shortfalls({ pod }, node) {
      return allNeeds(pod, node, ignores)
        .filter(({ requested, free }) => lacks(requested, free))
        .map((need) => shortfall(need));
    },

    headroom({ pod }, node) {
      const all = allNeeds(pod, node, ignores);
      let copies = Number.POSITIVE_INFINITY;
      for (const { requested, free } of all) {
        if (requested > 0) copies = Math.min(copies, Math.max(0, Math.floor(free / requested)));
      }
      const tightest = all.find(({ requested, free }) => lacks(requested, free - copies * requested));
      return { copies, limitedBy: tightest && shortfall(tightest, copies) };
    },

    score({ pod }, node) {
      let sum = 0;
      let weights = 0;
      for (const { name, weight } of resources) {
        const usage = usageOf(name, pod, node, { withDefaults: true });
        if (usage.allocatable === 0) continue;
        const score = options.score(usage);
        if (meanOfPositive && score <= 0) continue;
        sum += score * weight;
        weights += weight;
      }
      if (weights === 0) return 0;
      return meanOfPositive ? Math.round(sum / weights) : Math.floor(sum / weights);
    },
  };
}

function lacks(requested: number, free: number): boolean {
  return requested > 0 && requested > free;
}

function isTooSmall(pod: PodInfo, node: NodeInfo, ignores: (name: string) => boolean): boolean {
  const { requests } = pod;
  const { allocatable } = node.traits;
  if (requests.milliCpu > allocatable.milliCpu || requests.memory > allocatable.memory) return true;
  if (requests.ephemeralStorage > allocatable.ephemeralStorage) return true;
  for (const [name, amount] of requests.extended ?? []) {
    if (amount > (allocatable.extended?.get(name) ?? 0) && !ignores(name)) return true;
  }
  return false;
}

function missingExtended(pod: PodInfo, node: NodeInfo, ignores: (name: string) => boolean): string[] {
  const missing: string[] = [];
  for (const [name, amount] of pod.requests.extended ?? []) {
    const free =
      (node.traits.allocatable.extended?.get(name) ?? 0) - (node.requested.extended?.get(name) ?? 0);
    if (lacks(amount, free) && !ignores(name)) missing.push(name);
  }
  return missing;
}

interface Need {
  readonly resource: string;
  readonly requested: number;
  readonly free: number;
  readonly allocatable: number;
}

function allNeeds({ requests }: PodInfo, node: NodeInfo, ignores: (name: string) => boolean): Need[] {
  const {
    traits: { allocatable, maxPods },
    requested,
  } = node;
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
    if (ignores(name)) continue;
    const offered = allocatable.extended?.get(name) ?? 0;
    list.push(plain(name, amount, offered, requested.extended?.get(name) ?? 0));
  }
  return [...list, plain('pods', 1, maxPods, node.pods.size)];
}

/** What is short for one more pod once `copies` others have come. */
function shortfall({ resource, requested, free, allocatable }: Need, copies = 0): Shortfall {
  const left = free - copies * requested;
  return { kind: 'resource', resource, requested, free: left, allocatable, missing: requested - left };
}
