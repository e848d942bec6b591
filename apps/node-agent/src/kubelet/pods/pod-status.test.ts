import type { Stored } from '@wheelhouse/shared/meta/object';
import type { Pod, PodSpec } from 'kubernetes-types/core/v1';
import { describe, expect, test } from 'vitest';
import type { ContainerStatus } from '../../runtime/runtime';
import { statusPatch } from '../status-writer';
import { computePodStatus } from './pod-status';
import type { PodView } from './pod-view';

const NOW = new Date('2026-01-01T00:00:10.123Z');
const identity = { namespace: 'default', name: 'web', uid: 'u1' };
const context = { runtimeName: 'docker', hostIp: '192.0.2.1', now: NOW, terminationMessages: new Map() };

const run = (name: string, over: Partial<ContainerStatus> = {}): ContainerStatus => ({
  id: `${name}-${over.attempt ?? 0}`,
  name,
  attempt: 0,
  sandboxId: 's',
  image: 'x:1',
  imageId: 'sha256:1',
  state: 'running',
  createdAt: '2026-01-01T00:00:01.5Z',
  startedAt: '2026-01-01T00:00:02.5Z',
  finishedAt: over.state === 'exited' ? '2026-01-01T00:00:05.9Z' : undefined,
  exitCode: over.state === 'exited' ? 0 : undefined,
  oomKilled: false,
  message: undefined,
  ...over,
});

function status(input: {
  spec?: Partial<PodSpec>;
  containers?: ContainerStatus[];
  view?: Partial<PodView>;
  reported?: Pod['status'];
}) {
  const pod: Stored<Pod> = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { ...identity, resourceVersion: '1' },
    spec: { restartPolicy: 'Always', containers: [{ name: 'a', image: 'x:1' }], ...input.spec },
    status: input.reported ?? {},
  };
  const containers = input.containers ?? [];
  const sandbox = { id: 's', pod: identity, attempt: 0, ready: true, createdAt: '', address: '10.0.0.5' };
  return computePodStatus(
    {
      pod,
      observed: { pod: identity, sandboxes: containers.length ? [sandbox] : [], containers },
      health: new Map(containers.map(({ id }) => [id, { started: true, ready: true }])),
      backoffs: new Map(),
      waiting: new Map(),
      startTime: '2026-01-01T00:00:00Z',
      ...input.view,
    },
    context,
  );
}

const conditions = (of: ReturnType<typeof status>) =>
  Object.fromEntries(
    (of.conditions ?? []).map(({ type, status: is, reason }) => [type, reason ? `${is} ${reason}` : is]),
  );

describe('what a pod reports', () => {
  test('before anything runs', () => {
    const pending = status({});
    expect(pending).toMatchObject({
      phase: 'Pending',
      hostIP: '192.0.2.1',
      startTime: '2026-01-01T00:00:00Z',
    });
    expect(pending.containerStatuses).toMatchObject([
      {
        name: 'a',
        ready: false,
        started: false,
        restartCount: 0,
        state: { waiting: { reason: 'ContainerCreating' } },
      },
    ]);
    expect(conditions(pending)).toEqual({
      PodReadyToStartContainers: 'False',
      Initialized: 'True',
      Ready: 'False ContainersNotReady',
      ContainersReady: 'False ContainersNotReady',
      PodScheduled: 'True',
    });
  });

  test('running and ready', () => {
    const running = status({ containers: [run('a')] });
    expect(running).toMatchObject({ phase: 'Running', podIP: '10.0.0.5', podIPs: [{ ip: '10.0.0.5' }] });
    expect(running.containerStatuses?.[0]).toMatchObject({
      ready: true,
      started: true,
      containerID: 'docker://a-0',
      state: { running: { startedAt: '2026-01-01T00:00:02Z' } },
    });
    expect(conditions(running)).toMatchObject({ Ready: 'True', ContainersReady: 'True' });
  });

  test('a time of transition stays while the condition does', () => {
    const before = [{ type: 'Ready', status: 'True', lastTransitionTime: '2025-05-05T05:05:05Z' }];
    const running = status({ containers: [run('a')], reported: { conditions: before } });
    const times = Object.fromEntries(
      (running.conditions ?? []).map(({ type, lastTransitionTime }) => [type, lastTransitionTime]),
    );
    expect(times).toMatchObject({ Ready: '2025-05-05T05:05:05Z', ContainersReady: '2026-01-01T00:00:10Z' });
  });

  test.each([
    ['Always', 0, 'Running'],
    ['OnFailure', 1, 'Running'],
    ['OnFailure', 0, 'Succeeded'],
    ['Never', 0, 'Succeeded'],
    ['Never', 1, 'Failed'],
  ])('policy %s and exit code %i: %s', (restartPolicy, exitCode, phase) => {
    const ended = status({ spec: { restartPolicy }, containers: [run('a', { state: 'exited', exitCode })] });
    expect(ended.phase).toBe(phase);
    expect(ended.containerStatuses?.[0]?.state?.terminated).toMatchObject({
      exitCode,
      reason: exitCode ? 'Error' : 'Completed',
      finishedAt: '2026-01-01T00:00:05Z',
    });
  });

  test('a pod that is deleted ends by how its containers ended', () => {
    const containers = [run('a', { state: 'exited', exitCode: 143 })];
    expect(status({ containers, view: { ending: true } }).phase).toBe('Failed');
    expect(status({ containers: [run('a', { state: 'exited' })], view: { ending: true } }).phase).toBe(
      'Succeeded',
    );
  });

  test('waiting out a back-off shows the end before', () => {
    const waiting = new Map([['a', { reason: 'CrashLoopBackOff', message: 'back-off 10s' }]]);
    const held = status({
      containers: [
        run('a', { attempt: 1, state: 'exited', exitCode: 137, oomKilled: true }),
        run('a', { state: 'exited' }),
      ],
      view: { waiting },
    });
    expect(held.phase).toBe('Running');
    expect(held.containerStatuses?.[0]).toMatchObject({
      restartCount: 1,
      state: { waiting: { reason: 'CrashLoopBackOff', message: 'back-off 10s' } },
      lastState: { terminated: { reason: 'OOMKilled', exitCode: 137 } },
    });
  });

  test('init containers hold the pod in Pending, and say which', () => {
    const spec = { initContainers: [{ name: 'i1' }, { name: 'i2' }] };
    const first = status({ spec, containers: [run('i1')] });
    expect(first.phase).toBe('Pending');
    expect(first.containerStatuses?.[0]?.state).toEqual({ waiting: { reason: 'PodInitializing' } });
    expect(first.conditions?.find(({ type }) => type === 'Initialized')).toMatchObject({
      status: 'False',
      message: 'containers with incomplete status: [i1 i2]',
    });
    const failed = status({
      spec: { ...spec, restartPolicy: 'Never' },
      containers: [run('i1', { state: 'exited', exitCode: 1 })],
    });
    expect(failed.phase).toBe('Failed');
  });

  test('a run that somebody removed is not forgotten', () => {
    const reported = {
      containerStatuses: [
        {
          name: 'a',
          image: 'x',
          imageID: 'y',
          ready: true,
          restartCount: 2,
          containerID: 'docker://gone',
          state: { running: { startedAt: 'z' } },
        },
      ],
    };
    expect(status({ reported }).containerStatuses?.[0]).toMatchObject({
      restartCount: 2,
      state: { waiting: {} },
      lastState: {
        terminated: { exitCode: 137, reason: 'ContainerStatusUnknown', containerID: 'docker://gone' },
      },
    });
  });

  test('readiness gates of others keep it unready', () => {
    const gated = status({
      spec: { readinessGates: [{ conditionType: 'example.com/open' }] },
      containers: [run('a')],
    });
    expect(conditions(gated)).toMatchObject({
      ContainersReady: 'True',
      Ready: 'False ReadinessGatesNotReady',
    });
  });

  test('a pod that was turned away has failed with the reason, and no containers to speak of', () => {
    const failure = { reason: 'OutOfcpu', message: 'too much' };
    const turnedAway = {
      phase: 'Failed',
      reason: 'OutOfcpu',
      message: 'too much',
      startTime: '2026-01-01T00:00:00Z',
    };
    expect(status({ view: { failure, rejected: true } })).toEqual(turnedAway);
    // The kubelet was started anew and has not judged it again.
    expect(status({ reported: turnedAway })).toEqual(turnedAway);
  });
});

test('a patch clears what is no longer said and replaces addresses', () => {
  const written = {
    phase: 'Running',
    reason: 'Old',
    podIP: '10.0.0.1',
    podIPs: [{ ip: '10.0.0.1' }],
    conditions: [{ type: 'Ready', status: 'False', reason: 'ContainersNotReady', message: 'm' }],
  };
  const wanted = {
    phase: 'Running',
    podIP: '10.0.0.2',
    podIPs: [{ ip: '10.0.0.2' }],
    conditions: [{ type: 'Ready', status: 'True' }],
  };
  expect(statusPatch('u1', wanted, written)).toEqual({
    metadata: { uid: 'u1' },
    status: {
      phase: 'Running',
      reason: null,
      podIP: '10.0.0.2',
      podIPs: [{ $patch: 'replace' }, { ip: '10.0.0.2' }],
      conditions: [{ type: 'Ready', status: 'True', reason: null, message: null }],
    },
  });
});
