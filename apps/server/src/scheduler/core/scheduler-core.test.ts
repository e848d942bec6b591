import { ManualClock } from '@wheelhouse/shared/clock';
import type { Node, Pod } from 'kubernetes-types/core/v1';
import { expect, test } from 'vitest';
import type { Plugin } from '../framework/plugin';
import { defaultProfile } from '../plugins/default-profile';
import { testNode, testPod } from '../testing/objects';
import { SchedulerCore, type Step } from './scheduler-core';
import { verdictText } from './verdict-text';

function newCore(...plugins: Plugin[]) {
  const clock = new ManualClock();
  const { schedulerName, plugins: base } = defaultProfile();
  const profile = { schedulerName, plugins: [...base, ...plugins.map((plugin) => ({ plugin }))] };
  return { clock, core: new SchedulerCore({ clock, profiles: [profile] }) };
}

function all(core: SchedulerCore): Step[] {
  const steps: Step[] = [];
  for (let step = core.next(); step; step = core.next()) steps.push(step);
  return steps;
}

const summary = (steps: readonly Step[]) =>
  steps.map((step) => {
    if (step.kind === 'asking') throw new Error('nobody is to be asked');
    if (step.kind === 'placed') return `${step.info.name} ${step.node}`;
    // What preemption says has tests of its own.
    const { postFilter: _, ...verdict } = step.verdict;
    return `${step.info.name} ${verdictText(verdict)}`;
  });

const bound = (pod: Pod, nodeName: string): Pod => ({
  ...pod,
  spec: { containers: [], ...pod.spec, nodeName },
});

test('counts a decision at once, before the API knows', () => {
  const { core } = newCore();
  core.nodeSeen(testNode({ name: 'a', cpu: '1' }));
  for (const name of ['p', 'q']) core.podSeen(testPod({ name, cpu: '600m' }));
  expect(summary(all(core))).toEqual(['p a', 'q 0/1 nodes are available: 1 Insufficient cpu.']);
});

test('a failed binding gives the room to whoever waits, and the pod is tried again after a pause', () => {
  const { clock, core } = newCore();
  core.nodeSeen(testNode({ name: 'a', cpu: '1' }));
  for (const name of ['p', 'q']) core.podSeen(testPod({ name, cpu: '600m' }));
  const [first] = all(core);
  if (first?.kind !== 'placed') throw new Error('p should be placed');
  core.bindFailed(first);
  expect(summary(all(core))).toEqual(['q a']);
  core.nodeSeen(testNode({ name: 'b', cpu: '1' }));
  expect(all(core)).toEqual([]);
  clock.advance(1_000);
  expect(summary(all(core))).toEqual(['p b']);
});

test('a pod that found no nodes is placed once one becomes usable', () => {
  const { clock, core } = newCore();
  core.podSeen(testPod({ name: 'p', cpu: '600m' }));
  expect(summary(all(core))).toEqual(['p no nodes available to schedule pods']);
  core.nodeSeen(testNode({ name: 'a', cpu: '0' })); // registered, its resources not reported yet
  expect(all(core)).toEqual([]);
  core.nodeSeen(testNode({ name: 'a', cpu: '1' }));
  clock.advance(10_000);
  expect(summary(all(core))).toEqual(['p a']);
});

test('what the API says takes the place of an assumption', () => {
  const { core } = newCore();
  core.nodeSeen(testNode({ name: 'a', cpu: '1' }));
  core.nodeSeen(testNode({ name: 'b', cpu: '900m' }));
  const pod = testPod({ name: 'p', cpu: '600m' });
  core.podSeen(pod);
  expect(summary(all(core))).toEqual(['p a']);
  core.podSeen(pod); // an event from before the binding
  expect(all(core)).toEqual([]);
  core.podSeen(bound(pod, 'b')); // someone else was faster
  expect(core.cache.assumed).toBe(0);
  core.podSeen(testPod({ name: 'q', cpu: '600m' }));
  expect(summary(all(core))).toEqual(['q a']);
});

test('an assumption that is never confirmed expires', () => {
  const { clock, core } = newCore();
  core.nodeSeen(testNode({ name: 'a', cpu: '1' }));
  core.podSeen(testPod({ name: 'p', cpu: '600m' }));
  const [step] = all(core);
  if (step) core.bound(step.info);
  clock.advance(29_000);
  expect(core.expireAssumed()).toEqual([]);
  clock.advance(1_000);
  expect(core.expireAssumed()).toHaveLength(1);
  expect(core.cache.snapshot.node('a')?.pods.size).toBe(0);
});

test.each<[string, (core: SchedulerCore, node: Node, there: Pod) => void]>([
  ['the pod in the way goes', (core, _node, there) => core.podGone(there)],
  ['it finishes', (core, _node, there) => core.podSeen({ ...there, status: { phase: 'Succeeded' } })],
  ['the node grows', (core) => core.nodeSeen(testNode({ name: 'a', cpu: '8' }))],
  ['another node comes', (core) => core.nodeSeen(testNode({ name: 'b' }))],
])('a refused pod is placed as soon as %s', (_what, happen) => {
  const { core } = newCore();
  const node = testNode({ name: 'a', cpu: '1' });
  const there = testPod({ name: 'there', cpu: '800m', node: 'a' });
  core.nodeSeen(node);
  core.podSeen(there);
  core.podSeen(testPod({ name: 'p', cpu: '600m' }));
  expect(all(core)).toMatchObject([{ kind: 'refused' }]);
  core.nodeSeen({ ...node, metadata: { ...node.metadata, annotations: { heart: 'beat' } } });
  expect(all(core)).toEqual([]);
  happen(core, node, there);
  expect(all(core)).toMatchObject([{ kind: 'placed', info: { name: 'p' } }]);
});

test('pods bound to a node that is not known yet count once it comes', () => {
  const { core } = newCore();
  core.podSeen(testPod({ name: 'there', cpu: '800m', node: 'a' }));
  core.nodeSeen(testNode({ name: 'a', cpu: '1' }));
  core.podSeen(testPod({ name: 'p', cpu: '600m' }));
  expect(all(core)).toMatchObject([{ kind: 'refused' }]);
});

test('pods of other schedulers are left alone', () => {
  const { core } = newCore();
  core.nodeSeen(testNode({ name: 'a' }));
  core.podSeen(testPod({ name: 'p', spec: { schedulerName: 'mine' } }));
  expect(all(core)).toEqual([]);
  expect(core.queue.size).toBe(0);
});

test('a pod whose scheduling is refused by a reservation takes no room', () => {
  const released: string[] = [];
  const { core } = newCore({
    name: 'Quota',
    reserve: (_cycle, node) => ({ reasons: [`${node} is reserved`] }),
    unreserve: (_cycle, node) => released.push(node),
  });
  core.nodeSeen(testNode({ name: 'a' }));
  core.podSeen(testPod({ name: 'p' }));
  expect(summary(all(core))).toEqual(['p 0/1 nodes are available: a is reserved.']);
  expect(released).toEqual(['a']);
  expect(core.cache.snapshot.node('a')?.pods.size).toBe(0);
});

test('a plugin that throws costs its pod a pause and nobody else anything', () => {
  const { clock, core } = newCore({
    name: 'Broken',
    preFilter: ({ pod }) => {
      if (pod.name === 'p' && clock.monotonic() < Date.UTC(2026, 0, 1) + 500) throw new Error('broken');
      return { kind: 'skip' };
    },
  });
  core.nodeSeen(testNode({ name: 'a' }));
  core.podSeen(testPod({ name: 'p' }));
  core.podSeen(testPod({ name: 'q' }));
  expect(() => core.next()).toThrow('broken');
  expect(summary(all(core))).toEqual(['q a']);
  clock.advance(1_000);
  expect(summary(all(core))).toEqual(['p a']);
});

test('a pod that wants to be near another one follows it', () => {
  const { core } = newCore();
  core.nodeSeen(testNode({ name: 'a' }));
  core.nodeSeen(testNode({ name: 'b' }));
  const term = { topologyKey: 'kubernetes.io/hostname', labelSelector: { matchLabels: { app: 'cache' } } };
  const affinity = { podAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [term] } };
  core.podSeen(testPod({ name: 'web', spec: { affinity } }));
  expect(summary(all(core))).toEqual([
    "web 0/2 nodes are available: 2 node(s) didn't match pod affinity rules.",
  ]);
  core.podSeen(testPod({ name: 'cache', labels: { app: 'cache' } }));
  const [cache, web] = all(core);
  expect(cache).toMatchObject({ kind: 'placed', info: { name: 'cache' } });
  expect(web).toMatchObject({
    kind: 'placed',
    info: { name: 'web' },
    node: cache?.kind === 'placed' && cache.node,
  });
});

test('counts nodes per reason, as Kubernetes words it', () => {
  const { core } = newCore();
  core.nodeSeen(testNode({ name: 'a', cpu: '1' }));
  const taints = [{ key: 'node-role.kubernetes.io/control-plane', effect: 'NoSchedule' }];
  core.nodeSeen(testNode({ name: 'b', spec: { taints } }));
  core.nodeSeen(testNode({ name: 'c', spec: { taints } }));
  core.podSeen(testPod({ name: 'p', cpu: '2' }));
  expect(summary(all(core))).toEqual([
    'p 0/3 nodes are available: 1 Insufficient cpu, 2 node(s) had untolerated taint {node-role.kubernetes.io/control-plane: }.',
  ]);
});

test('only pods that a rule is about let the pods wait no longer that it holds back', () => {
  const { clock, core } = newCore();
  core.nodeSeen(testNode({ name: 'a' }));
  const near = { labelSelector: { matchLabels: { app: 'cache' } }, topologyKey: 'kubernetes.io/hostname' };
  const podAffinity = { requiredDuringSchedulingIgnoredDuringExecution: [near] };
  core.podSeen(testPod({ name: 'web', spec: { affinity: { podAffinity } } }));
  expect(all(core)).toMatchObject([{ kind: 'refused' }]);
  core.podSeen(testPod({ name: 'other', node: 'a', labels: { app: 'other' } }));
  clock.advance(10_000);
  expect(all(core)).toEqual([]);
  core.podSeen(testPod({ name: 'cache', node: 'a', labels: { app: 'cache' } }));
  clock.advance(10_000);
  expect(summary(all(core))).toEqual(['web a']);
});

test('reasons are told in the order of the profile, whichever filter was asked first', () => {
  const { core } = newCore();
  const labels = { app: 'web' };
  for (const name of ['a', 'b']) {
    core.nodeSeen(testNode({ name, cpu: '1' }));
    core.podSeen(testPod({ name: `on-${name}`, node: name, labels, cpu: name === 'a' ? '900m' : '100m' }));
  }
  const term = { topologyKey: 'kubernetes.io/hostname', labelSelector: { matchLabels: labels } };
  const affinity = { podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [term] } };
  core.podSeen(testPod({ name: 'web', labels, cpu: '500m', spec: { affinity } }));
  expect(summary(all(core))).toEqual([
    "web 0/2 nodes are available: 1 Insufficient cpu, 1 node(s) didn't match pod anti-affinity rules.",
  ]);
});

test('a refused pod is tried again when another filter than before is what keeps it off', () => {
  const { clock, core } = newCore();
  core.nodeSeen(testNode({ name: 'a', cpu: '1' }));
  const hog = testPod({ name: 'hog', node: 'a', cpu: '1' });
  core.podSeen(hog);
  core.podSeen(testPod({ name: 'web', cpu: '1' }));
  expect(summary(all(core))).toEqual(['web 0/1 nodes are available: 1 Insufficient cpu.']);
  core.nodeSeen(testNode({ name: 'a', cpu: '1', spec: { unschedulable: true } }));
  clock.advance(10_000);
  expect(summary(all(core))).toEqual(['web 0/1 nodes are available: 1 node(s) were unschedulable.']);
});

test('a filter from outside may look at anything: pods that differ at all are tried by themselves', () => {
  const picky: Plugin = {
    name: 'Picky',
    scope: 'node',
    retryOn: [],
    filter: ({ pod }) =>
      pod.pod.metadata?.annotations?.['example.com/in'] ? undefined : { reasons: ['node(s) are picky'] },
  };
  const { core } = newCore(picky);
  core.nodeSeen(testNode({ name: 'a' }));
  const add = (name: string, annotations: Record<string, string>) => {
    const pod = testPod({ name });
    core.podSeen({ ...pod, metadata: { ...pod.metadata, annotations } });
  };
  add('out', {});
  expect(summary(all(core))).toEqual(['out 0/1 nodes are available: 1 node(s) are picky.']);
  add('in', { 'example.com/in': 'yes' });
  expect(summary(all(core))).toEqual(['in a']);
});
