import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { ManualClock } from '@wheelhouse/shared/clock';
import type { Pod } from 'kubernetes-types/core/v1';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { FieldReader } from '../config/field-reader';
import { type PlacedStep, type RefusedStep, SchedulerCore } from '../core/scheduler-core';
import { verdictText } from '../core/verdict-text';
import { defaultProfile } from '../plugins/default-profile';
import { testNode, testPod } from '../testing/objects';
import { readExtender } from './extender-config';
import { httpExtender } from './http-extender';

let server: Server;
let url: string;
/** By path; answers what is sent back, or throws to fail. */
let answers: Record<string, (body: Record<string, unknown>) => unknown>;
let asked: string[];

beforeEach(async () => {
  answers = {};
  asked = [];
  server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      asked.push(request.url ?? '');
      try {
        const answer = answers[request.url ?? ''];
        if (!answer) throw new Error('out of order');
        response.end(JSON.stringify(answer(JSON.parse(Buffer.concat(chunks).toString()))));
      } catch {
        response.writeHead(500).end();
      }
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`; // a TCP server's address
});

afterEach(() => new Promise((resolve) => server.close(resolve)));

function newCore(config: object, nodes = ['a', 'b', 'c']): SchedulerCore {
  const extender = httpExtender(readExtender(new FieldReader({ urlPrefix: url, ...config }, 'extender')));
  const core = new SchedulerCore({
    clock: new ManualClock(),
    profiles: [defaultProfile()],
    extenders: [extender],
  });
  for (const name of nodes) core.nodeSeen(testNode({ name, cpu: '1' }));
  return core;
}

async function decideOn(core: SchedulerCore, pod: Pod): Promise<PlacedStep | RefusedStep | undefined> {
  core.podSeen(pod);
  const step = core.next();
  return step?.kind === 'asking' ? await step.answer : step;
}

test('filters by name and ranks, whatever the case of its fields', async () => {
  answers['/filter'] = ({ NodeNames }) => ({
    nodeNames: (NodeNames as string[]).filter((name) => name !== 'a'),
  });
  answers['/rank'] = ({ NodeNames }) =>
    (NodeNames as string[]).map((Host) => ({ Host, Score: Host === 'c' ? 10 : 0 }));
  const core = newCore({ filterVerb: 'filter', prioritizeVerb: 'rank', weight: 3, nodeCacheCapable: true });
  expect(await decideOn(core, testPod({ name: 'p' }))).toMatchObject({ kind: 'placed', node: 'c' });
  const [chosen] = core.scoresOf('uid-default-p') ?? [];
  expect(chosen?.scores.at(-1)).toEqual({ plugin: 'Extenders', weight: 1, score: 300 });
  expect(asked).toEqual(['/filter', '/rank']);
});

test('gets whole nodes unless it knows them, and says why it refuses', async () => {
  answers['/filter'] = ({ Nodes }) => {
    const { items } = Nodes as { items: { metadata: { name: string } }[] };
    return {
      Nodes: { items: [] },
      FailedNodes: Object.fromEntries(items.map(({ metadata }) => [metadata.name, 'no GPU is free'])),
    };
  };
  const step = await decideOn(newCore({ filterVerb: 'filter' }), testPod({ name: 'p' }));
  if (step?.kind !== 'refused') throw new Error('a refusal is expected');
  expect(verdictText(step.verdict)).toMatch(/^0\/3 nodes are available: 3 no GPU is free\./);
});

test('is asked about pods with its resources only', async () => {
  answers['/filter'] = () => ({ NodeNames: ['b'] });
  const core = newCore({
    filterVerb: 'filter',
    nodeCacheCapable: true,
    managedResources: [{ name: 'example.com/gpu' }],
  });
  core.nodeSeen(testNode({ name: 'b', extended: { 'example.com/gpu': '1' } }));
  core.nodeSeen(testNode({ name: 'c', extended: { 'example.com/gpu': '1' } }));
  expect(await decideOn(core, testPod({ name: 'plain' }))).toMatchObject({ kind: 'placed' });
  expect(asked).toEqual([]);
  const container = { resources: { requests: { 'example.com/gpu': '1' } } };
  expect(await decideOn(core, testPod({ name: 'gpu', container }))).toMatchObject({
    kind: 'placed',
    node: 'b',
  });
  expect(asked).toEqual(['/filter']);
});

test('one that fails fails the attempt, and the pod is tried again; an ignorable one does not', async () => {
  const core = newCore({ filterVerb: 'filter' });
  await expect(decideOn(core, testPod({ name: 'p' }))).rejects.toThrow('answered 500');
  expect(core.queue.counts()).toMatchObject({ 'backing-off': 1 });
  answers['/error'] = () => ({ Error: 'out of order' });
  await expect(decideOn(newCore({ filterVerb: 'error' }), testPod({ name: 'p' }))).rejects.toThrow(
    'out of order',
  );
  const ignorable = newCore({ filterVerb: 'filter', ignorable: true });
  expect(await decideOn(ignorable, testPod({ name: 'p' }))).toMatchObject({ kind: 'placed' });
});

test('has a say in whom to evict', async () => {
  answers['/preempt'] = ({ NodeNameToMetaVictims }) => {
    const { b } = NodeNameToMetaVictims as Record<string, { Pods: { UID: string }[] }>;
    return { NodeNameToMetaVictims: { b } };
  };
  const core = newCore({ preemptVerb: 'preempt', nodeCacheCapable: true }, ['a', 'b']);
  core.podSeen(testPod({ name: 'on-a', node: 'a', cpu: '1' }));
  core.podSeen(testPod({ name: 'on-b', node: 'b', cpu: '1', spec: { priority: 5 } }));
  const step = await decideOn(core, testPod({ name: 'p', cpu: '1', spec: { priority: 10 } }));
  expect(step).toMatchObject({ kind: 'refused', nominated: 'b', evict: [{ name: 'on-b' }] });
});

test('a pod that goes while it is asked about is dropped', async () => {
  answers['/filter'] = () => ({ NodeNames: ['a'] });
  const core = newCore({ filterVerb: 'filter', nodeCacheCapable: true });
  const pod = testPod({ name: 'p' });
  core.podSeen(pod);
  const step = core.next();
  core.podGone(pod);
  expect(step?.kind === 'asking' && (await step.answer)).toBeUndefined();
  expect(core.cache.assumed).toBe(0);
});

test('binds in the place of plugins, and may refuse', async () => {
  const bindings: unknown[] = [];
  answers['/bind'] = (body) => {
    bindings.push(body);
    return bindings.length === 1 ? {} : { Error: 'taken' };
  };
  const [extender] = newCore({ bindVerb: 'bind' }).extenders;
  const core = newCore({});
  const step = await decideOn(core, testPod({ name: 'p' }));
  if (step?.kind !== 'placed') throw new Error('a place is expected');
  await extender?.bind?.(step.info, 'a');
  expect(bindings).toEqual([{ PodName: 'p', PodNamespace: 'default', PodUID: 'uid-default-p', Node: 'a' }]);
  await expect(extender?.bind?.(step.info, 'a')).rejects.toThrow('taken');
});
