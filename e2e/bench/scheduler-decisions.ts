import { systemClock } from '@wheelhouse/shared/clock';
import { SchedulerCore } from '../../apps/server/src/scheduler/core/scheduler-core';
import { defaultProfile } from '../../apps/server/src/scheduler/plugins/default-profile';
import { testNode, testPod } from '../../apps/server/src/scheduler/testing/objects';

/**
 * Decisions per second of the scheduler in memory: no API, no store, every plugin of the default profile. Pods come
 * from ten workloads, as from replica sets. Figures are decisions of one thread.
 */
export interface DecisionFigures {
  readonly nodes: number;
  readonly pods: number;
  readonly unschedulableBacklog: number;
  readonly decisionsPerSecond: number;
}

export function measureDecisions(nodes: number, pods: number, backlog = 0): DecisionFigures {
  const core = new SchedulerCore({ clock: systemClock, profiles: [defaultProfile()] });
  for (let i = 0; i < nodes; i++) {
    const labels = { 'topology.kubernetes.io/zone': `zone-${i % 3}` };
    core.nodeSeen(testNode({ name: `node-${i}`, cpu: '16', memory: '64Gi', labels }));
  }
  for (let i = 0; i < backlog; i++) core.podSeen(testPod({ name: `huge-${i}`, cpu: '64' }));
  while (core.next());
  for (let i = 0; i < pods; i++) {
    const owner = `workload-${i % 10}`;
    core.podSeen(testPod({ name: `pod-${i}`, owner, labels: { app: owner }, cpu: '100m', memory: '256Mi' }));
  }
  const start = performance.now();
  let placed = 0;
  for (let step = core.next(); step; step = core.next()) {
    if (step.kind !== 'placed') throw new Error(`${step.info.key} was refused`);
    placed++;
  }
  const seconds = (performance.now() - start) / 1000;
  if (placed !== pods) throw new Error(`${placed} of ${pods} pods were placed`);
  return { nodes, pods, unschedulableBacklog: backlog, decisionsPerSecond: Math.round(placed / seconds) };
}

/** Warms up, then measures the sizes that the design names. */
export function benchmarkDecisions(): DecisionFigures[] {
  measureDecisions(200, 2_000);
  return [
    measureDecisions(1_000, 10_000),
    measureDecisions(5_000, 10_000),
    measureDecisions(5_000, 10_000, 20_000),
  ];
}

if (process.argv[1]?.includes('scheduler-decisions')) console.table(benchmarkDecisions());
