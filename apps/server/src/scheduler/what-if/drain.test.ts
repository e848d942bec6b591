import { systemClock } from '@wheelhouse/shared/clock';
import type { Pod } from 'kubernetes-types/core/v1';
import { expect, test } from 'vitest';
import { SchedulerCore } from '../core/scheduler-core';
import { defaultProfile } from '../plugins/default-profile';
import { testNode, testPod } from '../testing/objects';
import { drainSteps } from './drain';

test('a drain: who moves where, who stays, who finds no node, and which budgets do not allow it at once', () => {
  const core = new SchedulerCore({ clock: systemClock, profiles: [defaultProfile()] });
  for (const name of ['old', 'b', 'c']) core.nodeSeen(testNode({ name, cpu: name === 'old' ? '8' : '1' }));
  const daemon = testPod({ name: 'agent-x', node: 'old' });
  const owner = { apiVersion: 'apps/v1', kind: 'DaemonSet', name: 'agent', uid: 'ds', controller: true };
  const pods: Pod[] = [
    testPod({ name: 'web-1', node: 'old', cpu: '600m', owner: 'web', labels: { app: 'web' } }),
    testPod({ name: 'web-2', node: 'old', cpu: '600m', owner: 'web', labels: { app: 'web' } }),
    testPod({ name: 'web-3', node: 'old', cpu: '600m', owner: 'web', labels: { app: 'web' } }),
    testPod({ name: 'alone', node: 'old' }),
    { ...daemon, metadata: { ...daemon.metadata, ownerReferences: [owner] } },
  ];
  for (const pod of pods) core.podSeen(pod);
  const budget = {
    metadata: { name: 'web', namespace: 'default' },
    spec: { selector: { matchLabels: { app: 'web' } } },
    status: { disruptionsAllowed: 1, currentHealthy: 3, desiredHealthy: 2, expectedPods: 3 },
  };
  const steps = drainSteps({
    moment: core.fork(),
    node: 'old',
    pods,
    frameworkFor: (pod) => core.frameworkFor(pod),
    budgetsIn: () => [budget],
  });
  let step = steps.next();
  while (!step.done) step = steps.next();
  const { drain, placements, unplaced } = step.value;
  expect(drain?.moves).toEqual([
    { namespace: 'default', pod: 'web-1', outcome: 'placed', node: 'b' },
    { namespace: 'default', pod: 'web-2', outcome: 'placed', node: 'c' },
    {
      namespace: 'default',
      pod: 'web-3',
      outcome: 'homeless',
      reason: '0/3 nodes are available: 1 node(s) were unschedulable, 2 Insufficient cpu.',
    },
    {
      namespace: 'default',
      pod: 'alone',
      outcome: 'lost',
      reason: 'nobody manages it, so nobody makes it again',
    },
  ]);
  expect(drain?.stays).toMatchObject([
    { pod: 'agent-x', reason: 'the DaemonSet agent keeps it on every node' },
  ]);
  expect(drain?.blockedBy).toEqual([
    { namespace: 'default', budget: 'web', allowed: 1, pods: ['web-2', 'web-3'] },
  ]);
  expect(placements).toHaveLength(2);
  expect(unplaced).toBe(1);
  // Nothing of it has happened.
  expect(core.cache.snapshot.node('old')?.pods.size).toBe(5);
  expect(core.cache.snapshot.node('old')?.traits.unschedulable).toBe(false);
});

test('an important pod of a drained node makes less important ones leave theirs', () => {
  const core = new SchedulerCore({ clock: systemClock, profiles: [defaultProfile()] });
  for (const name of ['old', 'b', 'c']) core.nodeSeen(testNode({ name, cpu: '1' }));
  const important = { owner: 'web', cpu: '800m', spec: { priority: 100 } };
  const pods = [testPod({ name: 'web', node: 'old', ...important })];
  const minor = testPod({ name: 'minor', node: 'b', cpu: '500m' });
  for (const pod of [...pods, minor, testPod({ name: 'peer', node: 'c', ...important })]) core.podSeen(pod);
  const steps = drainSteps({
    moment: core.fork(),
    node: 'old',
    pods,
    frameworkFor: (pod) => core.frameworkFor(pod),
    budgetsIn: () => [],
  });
  let step = steps.next();
  while (!step.done) step = steps.next();
  expect(step.value.drain?.moves).toEqual([
    { namespace: 'default', pod: 'web', outcome: 'placed', node: 'b' },
  ]);
  expect(step.value.evictions).toEqual([{ namespace: 'default', pod: 'minor', node: 'b' }]);
  expect(core.cache.snapshot.node('b')?.pods.size).toBe(1);
});
