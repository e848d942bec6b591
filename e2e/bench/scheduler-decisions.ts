import { ManualClock, systemClock } from '@wheelhouse/shared/clock';
import type { Affinity, Pod, PodSpec } from 'kubernetes-types/core/v1';
import { SchedulerCore } from '../../apps/server/src/scheduler/core/scheduler-core';
import { defaultProfile } from '../../apps/server/src/scheduler/plugins/default-profile';
import { testNode, testPod } from '../../apps/server/src/scheduler/testing/objects';
import { preview } from '../../apps/server/src/scheduler/what-if/preview';

/**
 * Decisions per second of the scheduler in memory, after the workloads of Kubernetes' scheduler_perf: no API, no
 * store, every plugin of the default profile. Pods come from ten workloads, as from replica sets. Figures are
 * decisions per second of processor time (the thread's own and what it leaves to others, such as collecting garbage), beside their share of the basic rate for as many nodes,
 * measured in the same run. Also: how long a preview takes.
 */
interface Case {
  readonly name: string;
  readonly pods: number;
  readonly spec?: (app: string) => Partial<PodSpec>;
  /** Pods that fit nowhere and wait meanwhile. */
  readonly backlog?: number;
  /** Beside each decision another pod goes and a node changes its labels now and then. */
  readonly churn?: boolean;
}

const about = (app: string) => ({ labelSelector: { matchLabels: { app } } });
const ZONE = 'topology.kubernetes.io/zone';
const HOST = 'kubernetes.io/hostname';
const spread =
  (whenUnsatisfiable: 'DoNotSchedule' | 'ScheduleAnyway', topologyKey: string) => (app: string) => ({
    topologySpreadConstraints: [{ ...about(app), topologyKey, maxSkew: 1, whenUnsatisfiable }],
  });
const affinity = (make: (app: string) => Affinity) => (app: string) => ({ affinity: make(app) });

const CASES: readonly Case[] = [
  { name: 'basic', pods: 10_000 },
  { name: 'unschedulable backlog of 20,000', pods: 10_000, backlog: 20_000 },
  { name: 'mixed churn', pods: 5_000, churn: true },
  {
    name: 'node affinity',
    pods: 5_000,
    spec: affinity(() => ({
      nodeAffinity: {
        requiredDuringSchedulingIgnoredDuringExecution: {
          nodeSelectorTerms: [
            { matchExpressions: [{ key: ZONE, operator: 'In', values: ['zone-1', 'zone-2'] }] },
          ],
        },
      },
    })),
  },
  { name: 'topology spread', pods: 5_000, spec: spread('DoNotSchedule', ZONE) },
  { name: 'preferred topology spread', pods: 5_000, spec: spread('ScheduleAnyway', HOST) },
  {
    name: 'required affinity',
    pods: 5_000,
    spec: affinity((app) => ({
      podAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [{ ...about(app), topologyKey: ZONE }] },
    })),
  },
  {
    name: 'required anti-affinity',
    pods: 2_000,
    spec: affinity((app) => ({
      podAntiAffinity: {
        requiredDuringSchedulingIgnoredDuringExecution: [{ ...about(app), topologyKey: HOST }],
      },
    })),
  },
  {
    name: 'preferred affinity',
    pods: 5_000,
    spec: affinity((app) => ({
      podAffinity: {
        preferredDuringSchedulingIgnoredDuringExecution: [
          { weight: 1, podAffinityTerm: { ...about(app), topologyKey: HOST } },
        ],
      },
    })),
  },
  {
    name: 'preferred anti-affinity',
    pods: 5_000,
    spec: affinity((app) => ({
      podAntiAffinity: {
        preferredDuringSchedulingIgnoredDuringExecution: [
          { weight: 1, podAffinityTerm: { ...about(app), topologyKey: HOST } },
        ],
      },
    })),
  },
];

function newCluster(nodes: number): SchedulerCore {
  const core = new SchedulerCore({ clock: systemClock, profiles: [defaultProfile()] });
  for (let i = 0; i < nodes; i++) core.nodeSeen(benchNode(i));
  return core;
}

const benchNode = (i: number, labels: Record<string, string> = {}) =>
  testNode({ name: `node-${i}`, cpu: '16', memory: '64Gi', labels: { [ZONE]: `zone-${i % 3}`, ...labels } });

/** Decisions per second of processor time. */
function perSecond(decisions: number, act: () => void): number {
  const start = process.cpuUsage();
  act();
  const { user, system } = process.cpuUsage(start);
  return Math.round(decisions / ((user + system) / 1e6));
}

function decisionsPerSecond(nodes: number, { pods, backlog = 0, spec, churn }: Case): number {
  const core = newCluster(nodes);
  for (let i = 0; i < backlog; i++) core.podSeen(testPod({ name: `huge-${i}`, cpu: '64' }));
  while (core.next());
  for (let i = 0; i < pods; i++) {
    const app = `workload-${i % 10}`;
    const parts = { name: `pod-${i}`, owner: app, labels: { app }, cpu: '100m', memory: '256Mi' };
    core.podSeen(testPod({ ...parts, ...(spec ? { spec: spec(app) } : {}) }));
  }
  let placed = 0;
  const rate = perSecond(pods, () => {
    const earlier: Pod[] = [];
    for (let step = core.next(); step; step = core.next()) {
      if (step.kind !== 'placed') throw new Error(`${step.info.key} was not placed`);
      placed++;
      if (!churn) continue;
      earlier.push(step.info.pod);
      if (placed % 2 === 0) core.podGone(earlier[placed / 2] as Pod); // pushed before, one a turn
      if (placed % 50 === 0) core.nodeSeen(benchNode(placed % nodes, { round: String(placed) }));
    }
  });
  if (placed !== pods) throw new Error(`${placed} of ${pods} pods were placed`);
  return rate;
}

/** Pods of high priority on a cluster that pods of low priority fill: each has to have some of those evicted. */
function preemptionsPerSecond(nodes: number): number {
  const clock = new ManualClock();
  const core = new SchedulerCore({ clock, profiles: [defaultProfile()] });
  for (let i = 0; i < nodes; i++) {
    core.nodeSeen(
      testNode({ name: `node-${i}`, cpu: '4', memory: '32Gi', labels: { [ZONE]: `zone-${i % 3}` } }),
    );
    for (let j = 0; j < 4; j++)
      core.podSeen(testPod({ name: `low-${i}-${j}`, node: `node-${i}`, cpu: '900m' }));
  }
  const pods = 500;
  for (let i = 0; i < pods; i++) {
    core.podSeen(testPod({ name: `high-${i}`, cpu: '3', spec: { priority: 10 } }));
  }
  let placed = 0;
  return perSecond(pods, () => {
    while (placed < pods) {
      const step = core.next();
      if (step?.kind === 'placed') placed++;
      else if (step?.kind === 'refused') for (const victim of step.evict ?? []) core.podGone(victim.pod);
      else clock.advance(1_000);
    }
  });
}

/** Milliseconds of processor time for 500 new replicas over 1,000 nodes; the median of nine. */
function previewMs(spec: Partial<PodSpec> = {}): number {
  const core = newCluster(1_000);
  const copy = testPod({
    name: '',
    owner: 'web',
    labels: { app: 'web' },
    cpu: '100m',
    memory: '256Mi',
    spec,
  });
  const framework = core.frameworkFor(copy);
  if (!framework) throw new Error('the default scheduler has no profile');
  const times = Array.from({ length: 9 }, () => {
    const start = process.cpuUsage();
    preview({
      moment: core.fork(),
      framework,
      copy,
      existing: [],
      related: [],
      replicas: 500,
      maximumProbe: 0,
    });
    const { user, system } = process.cpuUsage(start);
    return (user + system) / 1_000;
  });
  return Math.round(times.sort((a, b) => a - b)[4] ?? Number.NaN);
}

const only = process.env.CASES?.split(',');
decisionsPerSecond(200, { name: 'warm-up', pods: 2_000, churn: true });
const rows: object[] = [];
for (const nodes of [1_000, 5_000]) {
  let basic = Number.NaN;
  const row = (workload: string, rate: number) => {
    if (workload === 'basic') basic = rate;
    rows.push({ workload, nodes, 'decisions/s': rate, 'of basic': Math.round((100 * rate) / basic) / 100 });
  };
  for (const one of CASES) {
    if (!only || one.name === 'basic' || only.includes(one.name))
      row(one.name, decisionsPerSecond(nodes, one));
  }
  if (!only || only.includes('preemption')) row('preemption', preemptionsPerSecond(nodes));
}
console.table(rows);
console.log(`preview of 500 replicas over 1,000 nodes: ${previewMs()} ms`);
console.log(`the same with a spread over zones: ${previewMs(spread('DoNotSchedule', ZONE)('web'))} ms`);
