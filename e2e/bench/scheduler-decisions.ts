import { systemClock } from '@wheelhouse/shared/clock';
import type { PodSpec } from 'kubernetes-types/core/v1';
import { SchedulerCore } from '../../apps/server/src/scheduler/core/scheduler-core';
import { defaultProfile } from '../../apps/server/src/scheduler/plugins/default-profile';
import { testNode, testPod } from '../../apps/server/src/scheduler/testing/objects';
import { preview } from '../../apps/server/src/scheduler/what-if/preview';

/**
 * Decisions per second of the scheduler in memory: no API, no store, every plugin of the default profile. Pods come
 * from ten workloads, as from replica sets. Figures are decisions of one thread. Also: how long a preview takes.
 */
interface Case {
  readonly name: string;
  readonly nodes: number;
  readonly pods: number;
  /** Pods that fit nowhere and wait meanwhile. */
  readonly backlog?: number;
  readonly spec?: (app: string) => Partial<PodSpec>;
}

const about = (app: string) => ({ labelSelector: { matchLabels: { app } } });
const ZONE = 'topology.kubernetes.io/zone';
const HOST = 'kubernetes.io/hostname';

const CASES: readonly Case[] = [
  { name: 'basic', nodes: 1_000, pods: 10_000 },
  { name: 'basic', nodes: 5_000, pods: 10_000 },
  { name: 'unschedulable backlog of 20,000', nodes: 5_000, pods: 10_000, backlog: 20_000 },
  {
    name: 'topology spread',
    nodes: 5_000,
    pods: 5_000,
    spec: (app) => ({
      topologySpreadConstraints: [
        { ...about(app), topologyKey: ZONE, maxSkew: 1, whenUnsatisfiable: 'DoNotSchedule' },
      ],
    }),
  },
  {
    name: 'required anti-affinity',
    nodes: 5_000,
    pods: 2_000,
    spec: (app) => ({
      affinity: {
        podAntiAffinity: {
          requiredDuringSchedulingIgnoredDuringExecution: [{ ...about(app), topologyKey: HOST }],
        },
      },
    }),
  },
];

function newCluster(nodes: number): SchedulerCore {
  const core = new SchedulerCore({ clock: systemClock, profiles: [defaultProfile()] });
  for (let i = 0; i < nodes; i++) {
    const labels = { [ZONE]: `zone-${i % 3}` };
    core.nodeSeen(testNode({ name: `node-${i}`, cpu: '16', memory: '64Gi', labels }));
  }
  return core;
}

function decisionsPerSecond({ nodes, pods, backlog = 0, spec }: Case): number {
  const core = newCluster(nodes);
  for (let i = 0; i < backlog; i++) core.podSeen(testPod({ name: `huge-${i}`, cpu: '64' }));
  while (core.next());
  for (let i = 0; i < pods; i++) {
    const app = `workload-${i % 10}`;
    const parts = { name: `pod-${i}`, owner: app, labels: { app }, cpu: '100m', memory: '256Mi' };
    core.podSeen(testPod({ ...parts, ...(spec ? { spec: spec(app) } : {}) }));
  }
  const start = performance.now();
  let placed = 0;
  for (let step = core.next(); step; step = core.next()) {
    if (step.kind !== 'placed') throw new Error(`${step.info.key} was refused`);
    placed++;
  }
  if (placed !== pods) throw new Error(`${placed} of ${pods} pods were placed`);
  return Math.round((1000 * placed) / (performance.now() - start));
}

/** Milliseconds for 500 new replicas over 1,000 nodes; the median of nine. */
function previewMs(): number {
  const core = newCluster(1_000);
  const copy = testPod({ name: '', owner: 'web', cpu: '100m', memory: '256Mi' });
  const framework = core.frameworkFor(copy);
  if (!framework) throw new Error('the default scheduler has no profile');
  const times = Array.from({ length: 9 }, () => {
    const start = performance.now();
    preview({
      moment: core.fork(),
      framework,
      copy,
      existing: [],
      related: [],
      replicas: 500,
      maximumProbe: 0,
    });
    return performance.now() - start;
  });
  return Math.round(times.sort((a, b) => a - b)[4] ?? Number.NaN);
}

decisionsPerSecond({ name: 'warm-up', nodes: 200, pods: 2_000 });
console.table(
  CASES.map((one) => ({ workload: one.name, nodes: one.nodes, 'decisions/s': decisionsPerSecond(one) })),
);
console.log(`preview of 500 replicas over 1,000 nodes: ${previewMs()} ms`);
