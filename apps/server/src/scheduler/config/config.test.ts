import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { SchedulerCore } from '../core/scheduler-core';
import { idleHandle } from '../framework/idle-handle';
import { testNode, testPod } from '../testing/objects';
import { loadSchedulerConfig } from './load-config';

let directory: string;
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'scheduler-config-'));
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

function load(text: string) {
  const path = join(directory, 'scheduler.yaml');
  writeFileSync(
    path,
    `apiVersion: kubescheduler.config.k8s.io/v1\nkind: KubeSchedulerConfiguration\n${text}`,
  );
  return loadSchedulerConfig(path);
}

async function profiles(text: string) {
  return (await load(text)).profiles(idleHandle());
}

const weights = (plugins: Awaited<ReturnType<typeof profiles>>[number]['plugins']) =>
  Object.fromEntries(plugins.map(({ plugin, weight }) => [plugin.name, weight ?? 1]));

test('without a file the default profile decides', async () => {
  const [profile, ...rest] = (await loadSchedulerConfig(undefined)).profiles(idleHandle());
  expect(rest).toEqual([]);
  expect(profile?.schedulerName).toBe('default-scheduler');
  expect(weights(profile?.plugins ?? [])).toMatchObject({ TaintToleration: 3, NodeResourcesFit: 1 });
});

test('profiles have plugins, weights and arguments of their own', async () => {
  const [plain, packing] = await profiles(`
percentageOfNodesToScore: 30
profiles:
- schedulerName: default-scheduler
- schedulerName: packing
  percentageOfNodesToScore: 100
  plugins:
    multiPoint: { disabled: [{ name: ImageLocality }] }
    score: { disabled: [{ name: '*' }], enabled: [{ name: NodeResourcesFit, weight: 5 }] }
    filter: { disabled: [{ name: NodePorts }] }
  pluginConfig:
  - name: NodeResourcesFit
    args: { scoringStrategy: { type: MostAllocated, resources: [{ name: cpu }] } }
`);
  expect(plain?.percentageOfNodesToScore).toBe(30);
  expect(packing?.percentageOfNodesToScore).toBe(100);
  expect(weights(packing?.plugins ?? []).ImageLocality).toBeUndefined();
  if (!plain || !packing) throw new Error('two profiles are expected');
  const clock = idleHandle().clock;
  const core = new SchedulerCore({ clock, profiles: [plain, packing] });
  for (const name of ['a', 'b']) core.nodeSeen(testNode({ name }));
  core.podSeen(
    testPod({
      name: 'there',
      node: 'b',
      cpu: '1',
      container: { ports: [{ containerPort: 1, hostPort: 80 }] },
    }),
  );
  const port = { ports: [{ containerPort: 1, hostPort: 80 }] };
  core.podSeen(testPod({ name: 'spread', cpu: '1' }));
  expect(core.next()).toMatchObject({ kind: 'placed', node: 'a' });
  core.podSeen(testPod({ name: 'packed', cpu: '2', spec: { schedulerName: 'packing' } }));
  core.podSeen(testPod({ name: 'fuller', node: 'b', cpu: '500m' }));
  expect(core.next()).toMatchObject({ kind: 'placed', node: 'b' });
  expect(
    core
      .frameworkFor(testPod({ name: 'x', container: port, spec: { schedulerName: 'packing' } }))
      ?.filter('NodePorts'),
  ).toBeUndefined();
  expect(core.scoresOf('uid-default-packed')?.[0]?.scores.map(({ plugin }) => plugin)).toEqual([
    'NodeResourcesFit',
  ]);
});

test('plugins come from modules by path, with arguments; they decide where they are enabled', async () => {
  writeFileSync(
    join(directory, 'mine.mjs'),
    `export const pickMe = {
      name: 'PickMe',
      create: ({ node }) => ({ name: 'PickMe', score: (_cycle, info) => (info.name === node ? 100 : 0) }),
    };
    export const byName = { name: 'ByName', compare: (a, b) => (a.info.name < b.info.name ? -1 : 1) };`,
  );
  const config = await load(`
pluginModules: [./mine.mjs]
profiles:
- plugins:
    multiPoint: { enabled: [{ name: PickMe, weight: 100 }] }
    queueSort: { enabled: [{ name: ByName }] }
  pluginConfig: [{ name: PickMe, args: { node: c } }]
`);
  const handle = idleHandle();
  const core = new SchedulerCore({
    clock: handle.clock,
    profiles: config.profiles(handle),
    queueSort: config.queueSort,
  });
  for (const name of ['a', 'b', 'c']) core.nodeSeen(testNode({ name }));
  for (const name of ['z', 'y']) core.podSeen(testPod({ name }));
  expect(core.next()).toMatchObject({ kind: 'placed', node: 'c', info: { name: 'y' } });
});

describe('what is wrong is said with its field', () => {
  test.each([
    ['profils: []', 'unknown field profils'],
    ['profiles: 1', 'profiles: must be a list'],
    ['profiles: [{ schedulerName: a }, { schedulerName: a }]', 'a schedulerName is there twice'],
    ['percentageOfNodesToScore: 101', 'percentageOfNodesToScore: must be a whole number from 0 to 100'],
    ['podInitialBackoffSeconds: 20\npodMaxBackoffSeconds: 10', 'podMaxBackoffSeconds: must not be less'],
    ['profiles: [{ plugins: { score: { enabled: [{ name: Nobody }] } } }]', 'there is no plugin Nobody'],
    ['profiles: [{ pluginConfig: [{ name: Nobody }] }]', 'there is no plugin Nobody'],
    [
      'profiles: [{ pluginConfig: [{ name: NodeResourcesFit, args: { scoringStrategy: { type: Best } } }] }]',
      'NodeResourcesFit.scoringStrategy.type: must be one of',
    ],
    [
      'profiles: [{ pluginConfig: [{ name: InterPodAffinity, args: { hardPodAffinityWeight: 101 } }] }]',
      'InterPodAffinity.hardPodAffinityWeight: must be a whole number',
    ],
    ['extenders: [{ urlPrefix: nowhere }]', 'extenders[0].urlPrefix: must be a URL'],
    ['extenders: [{ urlPrefix: "http://x", prioritizeVerb: p }]', 'extenders[0].weight: is required'],
    ['extenders: [{ urlPrefix: "http://x", httpTimeout: soon }]', 'extenders[0].httpTimeout: must be a time'],
    ['pluginModules: [./none.mjs]', 'plugins cannot be loaded'],
    ['a: &a []\nprofiles: *a', 'not YAML'],
  ])('%s', async (text, message) => {
    await expect(load(text).then((config) => config.profiles(idleHandle()))).rejects.toThrow(message);
  });
});
