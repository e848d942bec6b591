/** What a container had used when it was looked at. */
export interface ContainerSample {
  readonly namespace: string;
  readonly pod: string;
  readonly podUid: string;
  readonly container: string;
  /** Milliseconds since the epoch. */
  readonly time: number;
  /** Nanoseconds of one core since the container started. */
  readonly cpuNanoseconds: number;
  readonly memoryBytes: number;
}

/** How much of a core and of memory something takes, over the time between two looks. */
export interface Usage {
  readonly time: number;
  readonly windowMs: number;
  readonly cpuNanocores: number;
  readonly memoryBytes: number;
}

export interface PodUsage {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly containers: readonly (Usage & { readonly name: string })[];
}

interface Look {
  readonly time: number;
  readonly pods: ReadonlyMap<string, PodUsage>;
  readonly samples: ReadonlyMap<string, ContainerSample>;
  /** Undefined until there are two looks at anything. */
  readonly node: Usage | undefined;
}

/** Looks older than this say nothing about now. */
const STALE_MS = 90_000;
/** Two looks closer together than this would make noise of their difference. */
const SHORTEST_MS = 1_000;

/**
 * The last look at every node, with usages as the difference to the one before. Holds one sample a container; what a
 * node no longer reports is forgotten with its next look.
 */
export class UsageStore {
  readonly #nodes = new Map<string, Look>();

  /** Takes in what a node reported. A container that was restarted counts from then on. */
  record(node: string, time: number, samples: readonly ContainerSample[]): void {
    const former = this.#nodes.get(node);
    const kept = new Map<string, ContainerSample>();
    const pods = new Map<string, PodUsage>();
    for (const sample of samples) {
      const key = `${sample.podUid}/${sample.container}`;
      const last = former?.samples.get(key);
      const known = former?.pods.get(sample.podUid)?.containers.find(({ name }) => name === sample.container);
      const usage = usageBetween(last, sample);
      // A look that comes too early keeps the old base, so that the difference can grow.
      kept.set(key, usage || !last || restarted(last, sample) ? sample : last);
      const current = usage ?? (last && !restarted(last, sample) ? known : undefined);
      if (!current) continue;
      const pod = pods.get(sample.podUid);
      const containers = [...(pod?.containers ?? []), { ...current, name: sample.container }];
      const { namespace, pod: name, podUid: uid } = sample;
      pods.set(uid, { namespace, name, uid, containers });
    }
    this.#nodes.set(node, {
      time,
      pods,
      samples: kept,
      node: total(time, [...pods.values()], former !== undefined),
    });
  }

  forget(node: string): void {
    this.#nodes.delete(node);
  }

  get nodes(): Iterable<string> {
    return this.#nodes.keys();
  }

  node(name: string, now: number): Usage | undefined {
    const look = this.#nodes.get(name);
    return look && now - look.time <= STALE_MS ? look.node : undefined;
  }

  /** The usage of the pods of a node, by uid. */
  podsOf(name: string, now: number): ReadonlyMap<string, PodUsage> {
    const look = this.#nodes.get(name);
    return look && now - look.time <= STALE_MS ? look.pods : NO_PODS;
  }
}

const NO_PODS: ReadonlyMap<string, PodUsage> = new Map();

function restarted(last: ContainerSample, sample: ContainerSample): boolean {
  return sample.cpuNanoseconds < last.cpuNanoseconds;
}

function usageBetween(last: ContainerSample | undefined, sample: ContainerSample): Usage | undefined {
  if (!last || restarted(last, sample)) return undefined;
  const windowMs = sample.time - last.time;
  if (windowMs < SHORTEST_MS) return undefined;
  return {
    time: sample.time,
    windowMs,
    cpuNanocores: Math.round(((sample.cpuNanoseconds - last.cpuNanoseconds) * 1000) / windowMs),
    memoryBytes: sample.memoryBytes,
  };
}

/** A node's usage is that of its containers; other programs of the host are not the cluster's. */
function total(time: number, pods: readonly PodUsage[], seenBefore: boolean): Usage | undefined {
  const containers = pods.flatMap((pod) => pod.containers);
  if (containers.length === 0) {
    return seenBefore ? { time, windowMs: SHORTEST_MS, cpuNanocores: 0, memoryBytes: 0 } : undefined;
  }
  return {
    time,
    windowMs: Math.max(...containers.map(({ windowMs }) => windowMs)),
    cpuNanocores: containers.reduce((sum, { cpuNanocores }) => sum + cpuNanocores, 0),
    memoryBytes: containers.reduce((sum, { memoryBytes }) => sum + memoryBytes, 0),
  };
}
