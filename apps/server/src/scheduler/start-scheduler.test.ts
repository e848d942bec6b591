import type { Client } from '@wheelhouse/shared/client/client';
import { createInformer } from '@wheelhouse/shared/client/create-informer';
import type { Informer } from '@wheelhouse/shared/client/informer';
import { apiError } from '@wheelhouse/shared/errors';
import { leaseKind } from '@wheelhouse/shared/kinds/coordination/lease';
import { eventKind } from '@wheelhouse/shared/kinds/core/event';
import { nodeKind } from '@wheelhouse/shared/kinds/core/node';
import { podKind } from '@wheelhouse/shared/kinds/core/pod';
import type { Stored } from '@wheelhouse/shared/meta/object';
import type { Pod } from 'kubernetes-types/core/v1';
import pino from 'pino';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { builtInRbac } from '../auth/built-in-roles';
import { createRbacAuthorizer } from '../auth/rbac-authorizer';
import { startTestApiServer, type TestApiServer } from '../http/testing/test-api-server';
import { type Scheduler, type SchedulerOptions, startScheduler } from './start-scheduler';
import { type NodeParts, type PodParts, testNode, testPod } from './testing/objects';

const log = pino({ level: 'silent' });
const SCHEDULER = { name: 'system:kube-scheduler', groups: ['system:authenticated'] };
let server: TestApiServer;
let admin: Client;
let pods: Informer<Pod>;
let scheduler: Scheduler | undefined;

beforeEach(async () => {
  server = await startTestApiServer({ authorizer: createRbacAuthorizer(builtInRbac) });
  admin = server.client;
  pods = createInformer(admin, podKind);
  pods.start();
  await pods.synced();
});

afterEach(async () => {
  await scheduler?.stop();
  scheduler = undefined;
  pods.stop();
  await server.stop();
});

async function start(options: Partial<SchedulerOptions> = {}): Promise<Scheduler> {
  scheduler = await startScheduler({ client: server.api.clientFor(SCHEDULER), log, ...options });
  return scheduler;
}

async function addNode(parts: NodeParts): Promise<void> {
  const node = testNode(parts);
  const { uid: _, ...metadata } = node.metadata ?? {};
  const created = await admin.create(nodeKind, { ...node, metadata });
  await admin.update(nodeKind, { ...created, status: node.status ?? {} }, { subresource: 'status' });
}

function addPod(parts: PodParts): Promise<Stored<Pod>> {
  const pod = testPod(parts);
  const { uid: _, ...metadata } = pod.metadata ?? {};
  return admin.create(podKind, { ...pod, metadata });
}

/** Resolves with the pod as soon as it is as wanted. */
function when(name: string, wanted: (pod: Stored<Pod>) => boolean): Promise<Stored<Pod>> {
  return new Promise((resolve) => {
    const look = (pod: Stored<Pod>) => {
      if (pod.metadata.name !== name || !wanted(pod)) return;
      queueMicrotask(() => unsubscribe());
      resolve(pod);
    };
    const unsubscribe = pods.subscribe({ added: look, updated: look });
  });
}

const placed = (name: string) => when(name, ({ spec }) => Boolean(spec?.nodeName));
const scheduled = (pod: Pod) => pod.status?.conditions?.find(({ type }) => type === 'PodScheduled');

async function eventsOf(name: string): Promise<string[]> {
  await scheduler?.stop(); // writes what is still to be written
  const { items } = await admin.list(eventKind, { namespace: 'default' });
  return items
    .filter(({ involvedObject }) => involvedObject.name === name)
    .map(({ type, reason, message }) => `${type} ${reason}: ${message}`);
}

test('binds through the API, says so in an event, and leaves pods of other schedulers alone', async () => {
  await addNode({ name: 'a' });
  await addPod({ name: 'before', cpu: '100m' });
  await start();
  await addPod({ name: 'foreign', spec: { schedulerName: 'mine' } });
  await addPod({ name: 'after', cpu: '100m' });
  expect((await placed('before')).spec?.nodeName).toBe('a');
  const pod = await placed('after');
  expect(scheduled(pod)).toMatchObject({ status: 'True' });
  expect(pods.get('default/foreign')?.spec?.nodeName).toBeUndefined();
  expect(await eventsOf('after')).toEqual(['Normal Scheduled: Successfully assigned default/after to a']);
});

test('tells why a pod waits, in its status and in an event, and places it once there is room', async () => {
  await addNode({ name: 'small', cpu: '1' });
  await addNode({ name: 'tainted', spec: { taints: [{ key: 'k', value: 'v', effect: 'NoSchedule' }] } });
  await start();
  await addPod({ name: 'big', cpu: '2' });
  const text =
    '0/2 nodes are available: 1 Insufficient cpu, 1 node(s) had untolerated taint {k: v}. ' +
    'preemption: 0/2 nodes are available: 2 Preemption is not helpful for scheduling.';
  const waiting = await when('big', (pod) => scheduled(pod)?.reason === 'Unschedulable');
  expect(scheduled(waiting)).toMatchObject({ status: 'False', message: text });
  await addNode({ name: 'large', cpu: '8' });
  const pod = await placed('big');
  expect(pod.spec?.nodeName).toBe('large');
  expect(scheduled(pod)).toMatchObject({ status: 'True' });
  const events = await eventsOf('big');
  expect(events).toContain(`Warning FailedScheduling: ${text}`);
  expect(events).toContain('Normal Scheduled: Successfully assigned default/big to large');
});

test('spreads the pods of a workload, and never places more than fit', async () => {
  for (const name of ['a', 'b', 'c']) await addNode({ name, cpu: '1' });
  await start();
  const names = Array.from({ length: 10 }, (_, i) => `w-${i}`);
  await Promise.all(names.map((name) => addPod({ name, owner: 'workload', cpu: '300m' })));
  await Promise.all(names.map((name) => when(name, (pod) => Boolean(scheduled(pod)))));
  const nodes = pods.list().map(({ spec }) => spec?.nodeName ?? 'waiting');
  const count = (name: string) => nodes.filter((node) => node === name).length;
  expect(['a', 'b', 'c', 'waiting'].map(count)).toEqual([3, 3, 3, 1]);
});

test('a gated pod says so and is placed when its gate goes', async () => {
  await addNode({ name: 'a' });
  await start();
  await addPod({ name: 'gated', spec: { schedulingGates: [{ name: 'example.com/wait' }] } });
  const waiting = await when('gated', (pod) => scheduled(pod)?.reason === 'SchedulingGated');
  const { schedulingGates: _, ...spec } = waiting.spec ?? { containers: [] };
  await admin.update(podKind, { ...waiting, spec });
  expect((await placed('gated')).spec?.nodeName).toBe('a');
});

test('a binding that fails is tried again, one whose answer is lost is not taken for a failure', async () => {
  await addNode({ name: 'a' });
  const real = server.api.clientFor(SCHEDULER);
  let attempts = 0;
  const client = new Proxy(real, {
    get(target, property: keyof Client) {
      if (property !== 'createSubresource') return target[property].bind(target);
      const create: Client['createSubresource'] = async (...call) => {
        attempts++;
        if (attempts === 1) throw apiError('ServiceUnavailable', 'lost before');
        const answer = await target.createSubresource(...call);
        if (attempts === 2) throw apiError('ServiceUnavailable', 'lost after');
        return answer;
      };
      return create;
    },
  });
  await start({ client });
  await addPod({ name: 'p' });
  expect((await placed('p')).spec?.nodeName).toBe('a');
  await addPod({ name: 'q' });
  expect((await placed('q')).spec?.nodeName).toBe('a');
  await scheduler?.stop();
  expect(attempts).toBe(3);
});

test('a restart goes on where the last one stopped', async () => {
  await addNode({ name: 'a', cpu: '1' });
  await start();
  await addPod({ name: 'p', cpu: '600m' });
  await placed('p');
  await scheduler?.stop();
  await addPod({ name: 'q', cpu: '600m' });
  await start();
  await when('q', (pod) => scheduled(pod)?.reason === 'Unschedulable');
  await admin.delete(podKind, { namespace: 'default', name: 'p' }, { gracePeriodSeconds: 0 });
  expect((await placed('q')).spec?.nodeName).toBe('a');
});

test('has less important pods leave for a more important one, which then takes the place', async () => {
  await addNode({ name: 'a', cpu: '1' });
  await start();
  await addPod({ name: 'minor', cpu: '1', spec: { priority: 0 } });
  await placed('minor');
  // Nobody runs it, so it stays on its way out until somebody says that it has ended.
  await addPod({ name: 'major', cpu: '1', spec: { priority: 1_000 } });
  const leaving = await when('minor', ({ metadata }) => metadata.deletionTimestamp !== undefined);
  expect(leaving.status?.conditions).toContainEqual(
    expect.objectContaining({
      type: 'DisruptionTarget',
      status: 'True',
      reason: 'PreemptionByScheduler',
      message: 'default-scheduler: preempting to accommodate a higher priority pod',
    }),
  );
  const waiting = await when('major', ({ status }) => status?.nominatedNodeName !== undefined);
  expect(waiting.status?.nominatedNodeName).toBe('a');
  expect(waiting.spec?.nodeName).toBeUndefined();
  await admin.delete(podKind, { namespace: 'default', name: 'minor' }, { gracePeriodSeconds: 0 });
  expect((await placed('major')).spec?.nodeName).toBe('a');
  const events = await eventsOf('minor');
  expect(events).toContain(`Normal Preempted: Preempted by pod ${waiting.metadata.uid} on node a`);
});

test('says in an event what would let a pod fit', async () => {
  await addNode({ name: 'a', cpu: '1' });
  await start();
  await addPod({ name: 'big', cpu: '1200m' });
  await when('big', (pod) => scheduled(pod)?.reason === 'Unschedulable');
  expect(await eventsOf('big')).toContain(
    'Normal SchedulingHint: It would fit on a if the pod asked for no more than the 1 CPU that a has.',
  );
});

test('of several schedulers one decides; when it stops, the next one takes over', async () => {
  await addNode({ name: 'n1' });
  const first = await start({ leaderElection: { identity: 'first' } });
  await addPod({ name: 'before' });
  await placed('before');
  const second = await start({ leaderElection: { identity: 'second' } });
  expect([first.isLeader, second.isLeader]).toEqual([true, false]);
  // The one that waits knows the cluster, but leaves the pods alone.
  await addPod({ name: 'gated', spec: { schedulingGates: [{ name: 'example.com/later' }] } });
  await when('gated', (pod) => scheduled(pod)?.reason === 'SchedulingGated');
  expect(second.podsOn('n1').map(({ metadata }) => metadata.name)).toEqual(['before']);
  await first.stop();
  expect(first.isLeader).toBe(false);
  await addPod({ name: 'after' });
  await placed('after');
  expect(second.isLeader).toBe(true);
  const lease = await admin.get(leaseKind, { namespace: 'kube-system', name: 'kube-scheduler' });
  expect(lease.spec).toMatchObject({ holderIdentity: 'second', leaseTransitions: 1 });
});
