import { systemClock } from '@wheelhouse/shared/clock';
import type { Pod } from 'kubernetes-types/core/v1';
import { expect, test } from 'vitest';
import { SchedulerCore } from '../core/scheduler-core';
import { defaultProfile } from '../plugins/default-profile';
import { type NodeParts, testNode, testPod } from '../testing/objects';
import { explain } from './explain';

function cluster(nodes: readonly NodeParts[], pods: readonly Pod[] = []): SchedulerCore {
  const core = new SchedulerCore({ clock: systemClock, profiles: [defaultProfile()] });
  for (const node of nodes) core.nodeSeen(testNode(node));
  for (const pod of pods) core.podSeen(pod);
  return core;
}

function ask(core: SchedulerCore, pod: Pod) {
  return explain({
    pod,
    moment: core.fork(),
    framework: core.frameworkFor(pod),
    decided: core.scoresOf(pod.metadata?.uid ?? ''),
  });
}

test('a waiting pod: each node, by how much it falls short, and the least change that would help', () => {
  const core = cluster(
    [
      { name: 'node-1', spec: { taints: [{ key: 'gpu', value: 'true', effect: 'NoSchedule' }] } },
      { name: 'node-2', cpu: '2' },
      { name: 'node-3', cpu: '2', labels: { disk: 'hdd' }, spec: { unschedulable: true } },
      { name: 'node-4', cpu: '250m' },
    ],
    [testPod({ name: 'busy', node: 'node-2', cpu: '1700m' })],
  );
  const answer = ask(core, testPod({ name: 'web', cpu: '500m' }));
  expect(answer.state).toBe('Waiting');
  expect(answer.summary).toBe('web is waiting for a node. node-2 is short of 200m CPU.');
  expect(answer.message).toBe(
    '0/4 nodes are available: 1 node(s) had untolerated taint {gpu: true}, 1 node(s) were unschedulable, 2 Insufficient cpu.',
  );
  expect(answer.smallestChange).toEqual({
    node: 'node-2',
    text: 'would fit on node-2 if 200m more CPU were free',
  });
  expect(answer.nodes.map(({ change }) => change)).toEqual([
    'would fit on node-2 if 200m more CPU were free',
    'would fit on node-3 if scheduling were switched on again for node-3 (kubectl uncordon node-3)',
    'would fit on node-1 if the pod tolerated gpu=true:NoSchedule',
    'would fit on node-4 if the pod asked for no more than the 250m CPU that node-4 has',
  ]);
  expect(answer.nodes[0]?.refusals).toEqual([
    {
      plugin: 'NodeResourcesFit',
      reasons: ['Insufficient cpu'],
      shortfalls: [
        { kind: 'resource', resource: 'cpu', requested: 500, free: 300, allocatable: 2000, missing: 200 },
      ],
    },
  ]);
});

test('several things that would have to change are named together', () => {
  const core = cluster([{ name: 'a', spec: { taints: [{ key: 'team', effect: 'NoExecute' }] }, pods: '0' }]);
  const answer = ask(core, testPod({ name: 'web', spec: { nodeSelector: { disk: 'ssd' } } }));
  expect(answer.smallestChange?.text).toBe(
    'would fit on a if the pod tolerated team:NoExecute and a had the label disk=ssd and 1 pod fewer ran there',
  );
});

test('no nodes, gates, other schedulers, finished pods', () => {
  const core = cluster([]);
  expect(ask(core, testPod({ name: 'web' })).summary).toBe(
    'web is waiting for a node: no nodes available to schedule pods',
  );
  const gated = testPod({ name: 'web', spec: { schedulingGates: [{ name: 'x/y' }] } });
  expect(ask(core, gated)).toMatchObject({ state: 'Gated', summary: expect.stringContaining('x/y') });
  expect(ask(core, testPod({ name: 'web', spec: { schedulerName: 'mine' } })).state).toBe('Foreign');
  expect(ask(core, testPod({ name: 'web', status: { phase: 'Succeeded' } })).state).toBe('Finished');
});

test('a placed pod: the scores that decided, the chosen node first', () => {
  const core = cluster(
    [{ name: 'a' }, { name: 'b' }, { name: 'c' }],
    [testPod({ name: 'w-0', node: 'a', owner: 'web' }), testPod({ name: 'x', node: 'b', cpu: '3' })],
  );
  const pod = testPod({ name: 'w-1', owner: 'web', cpu: '100m', memory: '128Mi' });
  core.podSeen(pod);
  expect(core.next()).toMatchObject({ kind: 'placed', node: 'c' });
  const bound = { ...pod, spec: { containers: [], ...pod.spec, nodeName: 'c' } };
  core.podSeen(bound);
  const answer = ask(core, bound);
  expect(answer).toMatchObject({ state: 'Placed', node: 'c', basis: 'decision' });
  expect(answer.nodes.map(({ node }) => node)).toEqual(['c', 'b', 'a']);
  const totals = answer.nodes.map(({ scores = [] }) =>
    scores.reduce((sum, s) => sum + s.score * s.weight, 0),
  );
  expect(totals).toEqual(answer.nodes.map(({ total }) => total));
  expect(answer.nodes[0]?.scores).toContainEqual({ plugin: 'PodTopologySpread', score: 100, weight: 2 });
});

test('a pod placed before this scheduler started: what would be said today', () => {
  const pod = testPod({ name: 'w', node: 'a', cpu: '3' });
  const core = cluster([{ name: 'a' }, { name: 'b', cpu: '1' }], [pod]);
  const answer = ask(core, pod);
  expect(answer).toMatchObject({ state: 'Placed', basis: 'now', node: 'a' });
  expect(answer.nodes).toMatchObject([
    { node: 'a', fits: true },
    { node: 'b', fits: false },
  ]);
});
