import type { ContainerStats, PodIdentity } from '../../runtime/runtime';

/** Pure: Kubernetes' Summary of a node from the figures of its containers. */
export function statsSummary(nodeName: string, stats: readonly ContainerStats[]): object {
  const pods = new Map<string, { pod: PodIdentity; containers: ContainerStats[] }>();
  for (const entry of stats) {
    const known = pods.get(entry.pod.uid) ?? { pod: entry.pod, containers: [] };
    known.containers.push(entry);
    pods.set(entry.pod.uid, known);
  }
  return {
    node: { nodeName, ...totals(stats) },
    pods: [...pods.values()].map(({ pod, containers }) => ({
      podRef: pod,
      ...totals(containers),
      containers: containers.map((entry) => ({ name: entry.container, ...totals([entry]) })),
    })),
  };
}

function totals(stats: readonly ContainerStats[]): object {
  const sum = (pick: (entry: ContainerStats) => number) =>
    stats.reduce((total, entry) => total + pick(entry), 0);
  const time = stats
    .map((entry) => entry.time)
    .sort()
    .at(-1);
  return {
    cpu: { time, usageCoreNanoSeconds: sum((entry) => entry.cpuNanoseconds) },
    memory: { time, workingSetBytes: sum((entry) => entry.memoryBytes) },
  };
}
