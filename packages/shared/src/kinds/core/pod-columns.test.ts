import type { ContainerStatus, Pod } from 'kubernetes-types/core/v1';
import { expect, it } from 'vitest';
import { podColumns, podRowConditions, summarizePod } from './pod-columns';

const container = (name: string) => ({ name, image: 'i' });
const status = (name: string, more: Partial<ContainerStatus>): ContainerStatus => ({
  name,
  image: 'i',
  imageID: '',
  ready: false,
  restartCount: 0,
  ...more,
});
const pod = (more: { spec?: Pod['spec']; status?: Pod['status']; metadata?: Pod['metadata'] }): Pod => ({
  spec: { containers: [container('a'), container('b')] },
  ...more,
});
const running = { running: { startedAt: '2026-01-01T00:00:00Z' } };

it.each<[string, Pod, string, string]>([
  ['has just been made', pod({ status: { phase: 'Pending' } }), '0/2', 'Pending'],
  [
    'runs',
    pod({
      status: {
        phase: 'Running',
        containerStatuses: [
          status('a', { ready: true, state: running }),
          status('b', { ready: true, state: running }),
        ],
      },
    }),
    '2/2',
    'Running',
  ],
  [
    'crashes',
    pod({
      status: {
        phase: 'Running',
        containerStatuses: [
          status('a', { state: { waiting: { reason: 'CrashLoopBackOff' } }, restartCount: 3 }),
          status('b', { ready: true, state: running }),
        ],
      },
    }),
    '1/2',
    'CrashLoopBackOff',
  ],
  [
    'has ended with a signal',
    pod({
      status: {
        phase: 'Failed',
        containerStatuses: [status('a', { state: { terminated: { exitCode: 137, signal: 9 } } })],
      },
    }),
    '0/2',
    'Signal:9',
  ],
  [
    'initializes',
    pod({
      spec: { containers: [container('a')], initContainers: [container('i'), container('j')] },
      status: {
        phase: 'Pending',
        initContainerStatuses: [
          status('i', { state: { terminated: { exitCode: 0 } } }),
          status('j', { state: { waiting: { reason: 'PodInitializing' } } }),
        ],
      },
    }),
    '0/1',
    'Init:1/2',
  ],
  [
    'fails to initialize',
    pod({
      spec: { containers: [container('a')], initContainers: [container('i')] },
      status: {
        phase: 'Pending',
        initContainerStatuses: [status('i', { state: { terminated: { exitCode: 2 } } })],
      },
    }),
    '0/1',
    'Init:ExitCode:2',
  ],
  [
    'has one container left',
    pod({
      status: {
        phase: 'Running',
        conditions: [{ type: 'Ready', status: 'False' }],
        containerStatuses: [
          status('a', { state: { terminated: { exitCode: 0, reason: 'Completed' } } }),
          status('b', { ready: true, state: running }),
        ],
      },
    }),
    '1/2',
    'NotReady',
  ],
  [
    'is going',
    pod({ metadata: { deletionTimestamp: '2026-01-01T00:00:00Z' }, status: { phase: 'Running' } }),
    '0/2',
    'Terminating',
  ],
  ['was evicted', pod({ status: { phase: 'Failed', reason: 'Evicted' } }), '0/2', 'Evicted'],
])('a pod that %s', (_what, object, ready, text) => {
  expect(summarizePod(object)).toMatchObject({ ready, status: text });
});

it('says when the last restart was', () => {
  const restarted = pod({
    status: {
      containerStatuses: [
        status('a', {
          restartCount: 2,
          lastState: { terminated: { exitCode: 1, finishedAt: '2026-01-01T00:00:00Z' } },
        }),
      ],
    },
  });
  const column = podColumns.find(({ name }) => name === 'Restarts');
  expect(column?.cell(restarted, new Date('2026-01-01T00:05:30Z'))).toBe('2 (5m30s ago)');
});

it('says of a pod that it has come to its end', () => {
  const reasonIn = (phase: string) => podRowConditions({ status: { phase } }).map(({ reason }) => reason);
  expect([reasonIn('Succeeded'), reasonIn('Failed'), reasonIn('Running')]).toEqual([
    ['Succeeded'],
    ['Failed'],
    [],
  ]);
});
