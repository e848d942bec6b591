import { ManualClock } from '@wheelhouse/shared/clock';
import fc from 'fast-check';
import type { Pod, PodSpec } from 'kubernetes-types/core/v1';
import type { PodDisruptionBudget } from 'kubernetes-types/policy/v1';
import { describe, expect, test } from 'vitest';
import { SchedulerCore } from '../core/scheduler-core';
import { idleHandle } from '../framework/idle-handle';
import { defaultProfile } from '../plugins/default-profile';
import type { PodInfo } from '../snapshot/pod-info';
import { type PodParts, testNode, testPod } from '../testing/objects';
import { preview } from './preview';

/** Longer than any pause between two attempts. */
const PAUSE_MS = 20_000;
const clock = new ManualClock();

function newCore(budgets: readonly PodDisruptionBudget[] = []): SchedulerCore {
  const profile = defaultProfile(idleHandle({ clock, budgetsIn: () => budgets }));
  return new SchedulerCore({ clock, profiles: [profile] });
}

function ask(
  core: SchedulerCore,
  workload: Omit<PodParts, 'name'>,
  existing: readonly Pod[],
  replicas: number,
) {
  const copy = testPod({ name: '', ...workload });
  const framework = core.frameworkFor(copy);
  if (!framework) throw new Error('no framework');
  return preview({
    moment: core.fork(),
    framework,
    copy,
    existing,
    related: existing,
    replicas,
    maximumProbe: 500,
  });
}

/**
 * Lets pods of the workload come into being and be placed for real, and those leave that have to for them; answers
 * their nodes in order.
 */
function grow(core: SchedulerCore, workload: Omit<PodParts, 'name'>, from: number, to: number) {
  for (let i = from; i < to; i++) core.podSeen(testPod({ name: `w-${i}`, ...workload }));
  const nodes: string[] = [];
  const evicted = new Set<PodInfo>();
  for (let isIdle = false; !isIdle; ) {
    const leaving = new Set<PodInfo>();
    let placed = false;
    for (let step = core.next(); step; step = core.next()) {
      if (step.kind === 'placed') nodes.push(step.node);
      placed ||= step.kind === 'placed';
      for (const victim of step.kind === 'refused' ? (step.evict ?? []) : []) leaving.add(victim);
    }
    for (const victim of leaving) {
      core.podGone(victim.pod);
      evicted.add(victim);
    }
    isIdle = !placed && leaving.size === 0;
    clock.advance(PAUSE_MS);
  }
  return { nodes, evicted: [...evicted].map(({ name }) => name).sort() };
}

const everyW = { labelSelector: { matchLabels: { app: 'w' } } };
const zone = { topologyKey: 'topology.kubernetes.io/zone', ...everyW };
const host = { topologyKey: 'kubernetes.io/hostname', ...everyW };
const RULES: Readonly<Record<string, Partial<PodSpec>>> = {
  spread: { topologySpreadConstraints: [{ ...zone, maxSkew: 1, whenUnsatisfiable: 'DoNotSchedule' }] },
  'prefer spread': {
    topologySpreadConstraints: [{ ...host, maxSkew: 1, whenUnsatisfiable: 'ScheduleAnyway' }],
  },
  apart: { affinity: { podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [host] } } },
  together: { affinity: { podAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [zone] } } },
  'spread wide': {
    topologySpreadConstraints: [
      { ...zone, maxSkew: 2, minDomains: 2, whenUnsatisfiable: 'DoNotSchedule', nodeTaintsPolicy: 'Honor' },
      { ...host, maxSkew: 3, whenUnsatisfiable: 'DoNotSchedule', matchLabelKeys: ['app'] },
    ],
  },
  'prefer apart': {
    affinity: {
      podAntiAffinity: {
        preferredDuringSchedulingIgnoredDuringExecution: [{ weight: 50, podAffinityTerm: host }],
      },
    },
  },
  'prefer together': {
    affinity: {
      podAffinity: {
        preferredDuringSchedulingIgnoredDuringExecution: [{ weight: 50, podAffinityTerm: zone }],
      },
    },
  },
};
const RULE_NAMES = Object.keys(RULES);

const nodeArbitrary = fc.record({
  cpu: fc.constantFrom('500m', '1', '2', '16'),
  memory: fc.constantFrom('512Mi', '4Gi', '64Gi'),
  pods: fc.constantFrom('3', '110'),
  zone: fc.constantFrom(undefined, 'a', 'b'),
  disk: fc.constantFrom('ssd', 'hdd'),
  taint: fc.constantFrom(undefined, 'NoSchedule', 'PreferNoSchedule'),
  unschedulable: fc.constantFrom(false, false, false, true),
  runs: fc.array(
    fc.record({
      cpu: fc.constantFrom('0', '100m', '400m', '1'),
      mine: fc.boolean(),
      priority: fc.constantFrom(0, 0, 5),
    }),
    { maxLength: 3 },
  ),
});
const workloadArbitrary = fc.record({
  cpu: fc.constantFrom('0', '50m', '300m', '1500m'),
  memory: fc.constantFrom('0', '64Mi', '1Gi'),
  selective: fc.boolean(),
  tolerant: fc.boolean(),
  hostPort: fc.boolean(),
  rule: fc.constantFrom('none', 'none', ...RULE_NAMES),
  priority: fc.constantFrom(0, -1, 3, 10),
  never: fc.constantFrom(false, false, true),
  budget: fc.constantFrom(undefined, 0, 2),
  /** Whether somebody fills each node almost up. */
  crowded: fc.boolean(),
});
const ALMOST_ALL: Readonly<Record<string, string>> = { '500m': '450m', 1: '900m', 2: '1800m', 16: '15' };

test('what the preview says is what happens, on 500 random clusters', () => {
  let withEvictions = 0;
  fc.assert(
    fc.property(
      fc.array(nodeArbitrary, { maxLength: 8 }),
      fc.integer({ min: 0, max: 130 }),
      workloadArbitrary,
      fc.nat(30),
      (shapes, many, shape, replicas) => {
        const budget = {
          metadata: { name: 'other', namespace: 'default' },
          spec: { selector: { matchLabels: { app: 'other' } } },
          status: {
            disruptionsAllowed: shape.budget ?? 0,
            currentHealthy: 9,
            desiredHealthy: 9,
            expectedPods: 9,
          },
        };
        const core = newCore(shape.budget === undefined ? [] : [budget]);
        const workload = {
          owner: 'workload',
          labels: { app: 'w' },
          cpu: shape.cpu,
          memory: shape.memory,
          spec: {
            ...(shape.selective ? { nodeSelector: { disk: 'ssd' } } : {}),
            ...RULES[shape.rule],
            priority: shape.priority,
            ...(shape.never ? { preemptionPolicy: 'Never' } : {}),
            ...(shape.tolerant ? { tolerations: [{ operator: 'Exists' }] } : {}),
          },
          container: {
            resources: { requests: { cpu: shape.cpu, memory: shape.memory } },
            ...(shape.hostPort ? { ports: [{ containerPort: 80, hostPort: 80 }] } : {}),
          },
        };
        const existing: Pod[] = [];
        // Some clusters are large enough that not every node is looked at.
        const all =
          many > 100 ? Array.from({ length: many }, (_, i) => shapes[i % (shapes.length || 1)]) : shapes;
        for (const [index, node] of all.entries()) {
          if (!node) continue;
          const name = `n${index}`;
          const labels = {
            disk: node.disk,
            ...(node.zone ? { 'topology.kubernetes.io/zone': node.zone } : {}),
          };
          const taints = node.taint ? [{ key: 't', effect: node.taint }] : [];
          const spec = { taints, unschedulable: node.unschedulable };
          core.nodeSeen(
            testNode({ name, cpu: node.cpu, memory: node.memory, pods: node.pods, labels, spec }),
          );
          const filler = { cpu: ALMOST_ALL[node.cpu] ?? '0', mine: false, priority: 0 };
          for (const [position, run] of [...node.runs, ...(shape.crowded ? [filler] : [])].entries()) {
            const running = testPod({
              name: `${name}-${position}`,
              node: name,
              cpu: run.cpu,
              owner: run.mine ? 'workload' : 'other',
              labels: { app: run.mine ? 'w' : 'other' },
              spec: { priority: run.mine ? shape.priority : run.priority },
            });
            core.podSeen(running);
            if (run.mine) existing.push(running);
          }
        }
        const target = existing.length + replicas;
        const answer = ask(core, workload, existing, target);
        const { nodes, evicted } = grow(core, workload, existing.length, target);
        expect(answer.placements.map(({ node }) => node)).toEqual(nodes);
        expect(answer.evictions?.map(({ pod }) => pod).sort()).toEqual(evicted);
        if (evicted.length > 0) withEvictions++;
        expect(answer.unplaced).toBe(replicas - nodes.length);
        if (answer.maximum.replicas > 400 || !answer.maximum.exact) return;
        // The maximum is reached, and not one more. Who makes others leave comes alone: several at once choose other
        // victims.
        const end = answer.maximum.replicas + 3;
        const stride = shape.priority > 0 ? 1 : end;
        let count = existing.length + nodes.length;
        for (let from = target; from < end; from += stride) {
          count += grow(core, workload, from, Math.min(from + stride, end)).nodes.length;
        }
        expect(count).toBe(answer.maximum.replicas);
        expect(answer.maximum.reason).not.toBe('');
      },
    ),
    { numRuns: 500 },
  );
  expect(withEvictions).toBeGreaterThan(20);
});

describe('a small cluster', () => {
  const workload = { owner: 'web', cpu: '500m', memory: '1Gi' };
  function cluster() {
    const core = newCore();
    for (const name of ['a', 'b', 'c']) core.nodeSeen(testNode({ name, cpu: '4', memory: '4Gi' }));
    return core;
  }

  test('names the limit in words', () => {
    const core = cluster();
    expect(ask(core, workload, [], 2).maximum).toEqual({
      replicas: 12,
      exact: true,
      reason: 'memory is the limit on every node',
      limits: [{ limit: 'memory is the limit', nodes: 3 }],
    });
    core.nodeSeen(testNode({ name: 'c', spec: { unschedulable: true } }));
    core.podSeen(testPod({ name: 'hog', node: 'b', cpu: '3500m' }));
    const { maximum } = ask(core, workload, [], 2);
    expect(maximum.replicas).toBe(5);
    expect(maximum.reason).toBe(
      'memory is the limit on 1 node, CPU is the limit on 1 node, scheduling is switched off on 1 node',
    );
  });

  test('leaves no trace', () => {
    const core = cluster();
    const before = core.cache.snapshot.nodes.map(({ pods }) => pods.size);
    const first = ask(core, workload, [], 9);
    expect(ask(core, workload, [], 9)).toEqual(first);
    expect(core.cache.snapshot.nodes.map(({ pods }) => pods.size)).toEqual(before);
    expect(core.next()).toBeUndefined();
  });

  test('says which pods a scale-down takes: waiting ones, then from nodes that hold several', () => {
    const core = cluster();
    const ready = {
      phase: 'Running',
      conditions: [{ type: 'Ready', status: 'True', lastTransitionTime: '2026-01-01T00:00:00Z' }],
    };
    const existing = [
      testPod({ name: 'w-0', ...workload, node: 'a', status: ready }),
      testPod({ name: 'w-1', ...workload, node: 'b', status: ready }),
      testPod({ name: 'w-2', ...workload, node: 'b', status: ready }),
      testPod({ name: 'w-3', ...workload }),
    ];
    for (const pod of existing) core.podSeen(pod);
    const answer = ask(core, workload, existing, 2);
    expect(answer.removals).toEqual([{ pod: 'w-3' }, { pod: 'w-1', node: 'b' }]);
    expect(answer.placements).toEqual([]);
    expect(answer.perNode).toEqual([
      { node: 'a', current: 1, preview: 1 },
      { node: 'b', current: 2, preview: 1 },
    ]);
  });

  test('places existing pods that wait before new ones', () => {
    const core = cluster();
    const existing = [testPod({ name: 'w-0', ...workload })];
    core.podSeen(existing[0] as Pod);
    const answer = ask(core, workload, existing, 2);
    expect(answer.placements).toEqual([
      { ordinal: 0, pod: 'w-0', node: 'a' },
      { ordinal: 1, node: 'b' },
    ]);
    expect(answer.maximum.replicas).toBe(12);
  });
});

test('500 replicas over 1,000 nodes stay well within the 100 ms that a moving mouse allows', () => {
  const core = newCore();
  for (let i = 0; i < 1_000; i++) core.nodeSeen(testNode({ name: `n${i}`, cpu: '16', memory: '64Gi' }));
  const workload = { owner: 'web', cpu: '100m', memory: '128Mi' };
  let best = Number.POSITIVE_INFINITY;
  for (let round = 0; round < 5; round++) {
    const start = process.cpuUsage();
    expect(ask(core, workload, [], 500).placements).toHaveLength(500);
    const { user, system } = process.cpuUsage(start);
    best = Math.min(best, (user + system) / 1000);
  }
  // Processor time, and the best of five: a busy machine must not decide.
  expect(best).toBeLessThan(100);
});
