import { ManualClock } from '@wheelhouse/shared/clock';
import fc from 'fast-check';
import type { Pod } from 'kubernetes-types/core/v1';
import type { PodDisruptionBudget } from 'kubernetes-types/policy/v1';
import { describe, expect, test } from 'vitest';
import { SchedulerCore, type Step } from '../../core/scheduler-core';
import { verdictText } from '../../core/verdict-text';
import { idleHandle } from '../../framework/idle-handle';
import { type NodeParts, type PodParts, testNode, testPod } from '../../testing/objects';
import { defaultProfile } from '../default-profile';

const low = (
  name: string,
  node: string,
  parts: Partial<PodParts> & { priority?: number; started?: string } = {},
) =>
  testPod({
    name,
    node,
    cpu: '1',
    labels: { app: name },
    ...parts,
    spec: { priority: parts.priority ?? 0, ...parts.spec },
    status: { phase: 'Running', startTime: parts.started ?? '2026-01-01T00:00:00Z' },
  });
const important = (parts: Partial<PodParts> = {}) =>
  testPod({ name: 'important', cpu: '1', ...parts, spec: { priority: 1_000, ...parts.spec } });
const budget = (app: string, disruptionsAllowed: number): PodDisruptionBudget => ({
  metadata: { name: app, namespace: 'default' },
  spec: { selector: { matchLabels: { app } } },
  status: { disruptionsAllowed, currentHealthy: 1, desiredHealthy: 1, expectedPods: 1 },
});

function newCore(
  nodes: readonly NodeParts[],
  pods: readonly Pod[],
  budgets: readonly PodDisruptionBudget[] = [],
) {
  const clock = new ManualClock();
  const profile = defaultProfile(idleHandle({ clock, budgetsIn: () => budgets }));
  const core = new SchedulerCore({ clock, profiles: [profile] });
  for (const node of nodes) core.nodeSeen(testNode(node));
  for (const pod of pods) core.podSeen(pod);
  return { clock, core };
}

function refused(step: Step | undefined) {
  if (step?.kind !== 'refused') throw new Error(`expected a refusal, not ${step?.kind}`);
  return step;
}

/** Which node is chosen, and who has to go. */
function outcome(core: SchedulerCore, pod: Pod) {
  core.podSeen(pod);
  const { nominated, evict = [], verdict } = refused(core.next());
  return { nominated, evict: evict.map(({ name }) => name), text: verdictText(verdict) };
}

const two: NodeParts[] = [
  { name: 'a', cpu: '1' },
  { name: 'b', cpu: '1' },
];

describe('which node', () => {
  test.each<[string, Pod[], PodDisruptionBudget[], string]>([
    [
      'first the one that breaks the fewest budgets',
      [low('guarded', 'a'), low('free', 'b', { priority: 500 })],
      [budget('guarded', 0)],
      'b',
    ],
    [
      'then the one whose most important victim is least so',
      [low('x', 'a', { priority: 5 }), low('y', 'b')],
      [],
      'b',
    ],
    [
      'then the least sum of priorities',
      [
        low('x1', 'a', { cpu: '500m', priority: 5 }),
        low('x2', 'a', { cpu: '500m', priority: 4 }),
        low('y1', 'b', { cpu: '500m', priority: 5 }),
        low('y2', 'b', { cpu: '500m', priority: 1 }),
      ],
      [],
      'b',
    ],
    [
      'then the fewest victims',
      [
        low('x1', 'a', { cpu: '500m', priority: -(2 ** 31) }),
        low('x2', 'a', { cpu: '500m', priority: -(2 ** 31) }),
        low('y1', 'b', { priority: -(2 ** 31) }),
      ],
      [],
      'b',
    ],
    [
      'then the one whose victims started last',
      [
        low('x', 'a', { started: '2026-01-01T00:00:00Z' }),
        low('y', 'b', { started: '2026-01-02T00:00:00Z' }),
      ],
      [],
      'b',
    ],
  ])('%s', (_what, pods, budgets, node) => {
    const { core } = newCore(two, pods, budgets);
    expect(outcome(core, important()).nominated).toBe(node);
  });
});

test('whoever can stay stays, those a budget protects first, then the most important', () => {
  const { core } = newCore(
    [{ name: 'a', cpu: '4' }],
    [
      low('minor', 'a', { priority: 1 }),
      low('guarded', 'a', { priority: 1 }),
      low('major', 'a', { priority: 9 }),
      low('equal', 'a', { priority: 1_000 }),
    ],
    [budget('guarded', 0)],
  );
  expect(outcome(core, important({ cpu: '2' }))).toMatchObject({ nominated: 'a', evict: ['major', 'minor'] });
  // Room for one is enough: of the two that no budget protects the less important goes.
  const again = newCore(
    [{ name: 'a', cpu: '2' }],
    [low('minor', 'a', { priority: 1 }), low('major', 'a', { priority: 9 })],
  );
  expect(outcome(again.core, important()).evict).toEqual(['minor']);
});

test('an eviction that a budget allows breaks it no more often than allowed', () => {
  const pods = [
    low('x', 'a', { cpu: '500m', labels: { app: 'x' } }),
    low('y', 'a', { cpu: '500m', labels: { app: 'x' } }),
  ];
  const { core } = newCore(
    [
      { name: 'a', cpu: '1' },
      { name: 'b', cpu: '1' },
    ],
    [...pods, low('z', 'b')],
    [budget('x', 1)],
  );
  expect(outcome(core, important()).nominated).toBe('b');
});

test('waits while victims are on their way out, then takes their place', () => {
  const { clock, core } = newCore([{ name: 'a', cpu: '1' }], [low('x', 'a')]);
  expect(outcome(core, important())).toMatchObject({ nominated: 'a', evict: ['x'] });
  const leaving = low('x', 'a');
  core.podSeen({ ...leaving, metadata: { ...leaving.metadata, deletionTimestamp: '2026-01-01T00:00:30Z' } });
  clock.advance(400_000);
  const step = refused(core.next());
  expect(step.evict).toBeUndefined();
  expect(step.nominated).toBeUndefined(); // as before
  expect(verdictText(step.verdict)).toContain('not eligible due to a terminating pod on the nominated node');
  core.podGone(leaving);
  expect(core.next()).toMatchObject({ kind: 'placed', node: 'a', info: { name: 'important' } });
  expect(core.nominations.size).toBe(0);
});

test('a place that is kept counts against less important pods, not against more important ones', () => {
  const { core } = newCore([{ name: 'a', cpu: '1' }], [low('x', 'a')]);
  outcome(core, important());
  core.podGone(low('x', 'a'));
  core.podSeen(testPod({ name: 'minor', cpu: '1' }));
  core.podSeen(testPod({ name: 'urgent', cpu: '1', spec: { priority: 2_000 } }));
  const steps: Step[] = [];
  for (let step = core.next(); step; step = core.next()) steps.push(step);
  expect(steps.map(({ kind, info }) => `${kind} ${info.name}`)).toEqual([
    'placed urgent',
    'refused important',
    'refused minor',
  ]);
});

test('a more important pod takes over the place and ends the nomination', () => {
  const { core } = newCore([{ name: 'a', cpu: '1' }], [low('x', 'a')]);
  outcome(core, important());
  core.podSeen(testPod({ name: 'urgent', cpu: '1', spec: { priority: 2_000 } }));
  const step = refused(core.next());
  expect(step).toMatchObject({ nominated: 'a', evict: [{ name: 'x' }], dismissed: [{ name: 'important' }] });
});

test('several pods of one kind each get a place of their own', () => {
  const { core } = newCore(two, [low('x', 'a'), low('y', 'b')]);
  for (const name of ['p', 'q', 'r']) core.podSeen(important({ name, owner: 'set' }));
  const nominated: (string | undefined)[] = [];
  for (let step = core.next(); step; step = core.next()) nominated.push(refused(step).nominated);
  expect(nominated).toEqual(['a', 'b', undefined]);
});

test.each<[string, Pod, Pod[], string]>([
  [
    'of those that may not preempt',
    important({ spec: { preemptionPolicy: 'Never' } }),
    [low('x', 'a')],
    '0/1 nodes are available: 1 Insufficient cpu. preemption: not eligible due to preemptionPolicy=Never.',
  ],
  [
    'where all are as important',
    important(),
    [low('x', 'a', { priority: 1_000 })],
    '0/1 nodes are available: 1 Insufficient cpu. preemption: 0/1 nodes are available: 1 No preemption victims found for incoming pod.',
  ],
  [
    'where nobody who leaves would help',
    important({ spec: { nodeSelector: { disk: 'ssd' } } }),
    [low('x', 'a')],
    "0/1 nodes are available: 1 node(s) didn't match Pod's node affinity/selector. preemption: 0/1 nodes are available: 1 Preemption is not helpful for scheduling.",
  ],
])('nobody has to go for the sake %s', (_what, pod, pods, text) => {
  const { core } = newCore([{ name: 'a', cpu: '1' }], pods);
  expect(outcome(core, pod)).toEqual({ nominated: undefined, evict: [], text });
});

test('anti-affinity and spreading make victims too', () => {
  const { core } = newCore([{ name: 'a', cpu: '8' }], [low('x', 'a', { labels: { app: 'x' } })]);
  const apart = { labelSelector: { matchLabels: { app: 'x' } }, topologyKey: 'kubernetes.io/hostname' };
  const affinity = { podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [apart] } };
  expect(outcome(core, important({ spec: { affinity } }))).toMatchObject({ nominated: 'a', evict: ['x'] });
});

test('on random clusters: only less important pods go, all of them are needed, and then the pod fits', () => {
  const podArbitrary = fc.record({
    cpu: fc.integer({ min: 1, max: 3 }),
    priority: fc.integer({ min: 0, max: 5 }),
  });
  const nodes = fc.array(fc.array(podArbitrary, { maxLength: 5 }), { minLength: 1, maxLength: 5 });
  fc.assert(
    fc.property(
      nodes,
      fc.integer({ min: 1, max: 4 }),
      fc.integer({ min: 0, max: 5 }),
      (all, cpu, priority) => {
        const pods = all.flatMap((there, n) =>
          there.map((one, i) => low(`p${n}-${i}`, `n${n}`, { cpu: `${one.cpu}`, priority: one.priority })),
        );
        const { core } = newCore(
          all.map((_, n) => ({ name: `n${n}`, cpu: '5' })),
          pods,
        );
        core.podSeen(important({ cpu: `${cpu}`, spec: { priority } }));
        const step = core.next();
        const free = (n: number, gone: ReadonlySet<string>) =>
          5 - (all[n] ?? []).reduce((sum, one, i) => sum + (gone.has(`p${n}-${i}`) ? 0 : one.cpu), 0);
        if (step?.kind === 'placed') {
          expect(all.some((_, n) => free(n, new Set()) >= cpu)).toBe(true);
          return;
        }
        const { nominated, evict = [] } = refused(step);
        if (nominated === undefined) {
          const lower = new Set(
            pods.filter((pod) => (pod.spec?.priority ?? 0) < priority).map((pod) => pod.metadata?.name ?? ''),
          );
          expect(all.some((_, n) => free(n, lower) >= cpu)).toBe(false);
          return;
        }
        const n = Number(nominated.slice(1));
        const gone = new Set(evict.map(({ name }) => name));
        expect(evict.every((one) => one.priority < priority)).toBe(true);
        expect(free(n, gone)).toBeGreaterThanOrEqual(cpu);
        for (const one of gone)
          expect(free(n, new Set([...gone].filter((x) => x !== one)))).toBeLessThan(cpu);
        for (const victim of evict) core.podGone(victim.pod);
        expect(core.next()).toMatchObject({ kind: 'placed', node: nominated });
      },
    ),
    { numRuns: 300 },
  );
});

test('says of the nodes that stay too small even without the others what they lack then', () => {
  const { core } = newCore(
    [
      { name: 'large', cpu: '4' },
      { name: 'small', cpu: '4' },
      { name: 'cordoned', spec: { unschedulable: true } },
      { name: 'equal', cpu: '4' },
    ],
    [
      low('kept', 'large', { cpu: '3', priority: 2_000 }),
      low('minor', 'large'),
      low('major', 'small', { cpu: '3', priority: 2_000 }),
      low('peer', 'equal', { cpu: '3', priority: 1_000 }),
    ],
  );
  expect(outcome(core, important({ cpu: '2' }))).toEqual({
    nominated: undefined,
    evict: [],
    text:
      '0/4 nodes are available: 1 node(s) were unschedulable, 3 Insufficient cpu. preemption: 0/4 nodes are available: ' +
      '1 Insufficient cpu, 1 Preemption is not helpful for scheduling, 2 No preemption victims found for incoming pod.',
  });
});
