import { ManualClock } from '@wheelhouse/shared/clock';
import { expect, test } from 'vitest';
import { podInfo } from '../snapshot/pod-info';
import { testPod } from '../testing/objects';
import { WaitingPods } from './waiting-pods';

const info = podInfo(testPod({ name: 'p' }));

function hold(waits: Record<string, number>) {
  const clock = new ManualClock();
  const pods = new WaitingPods(clock);
  const abort = new AbortController();
  const outcome = pods.hold(info, 'a', new Map(Object.entries(waits)), abort.signal);
  return { clock, pods, abort, outcome };
}

test('a pod goes on once every plugin that holds it has allowed it', async () => {
  const { clock, pods, outcome } = hold({ Gang: 1_000, Quota: 1_000 });
  const pod = pods.get(info.uid);
  pod?.allow('Gang');
  expect([...(pod?.heldBy ?? [])]).toEqual(['Quota']);
  pod?.allow('Quota');
  expect(await outcome).toBeUndefined();
  expect(pods.list()).toEqual([]);
  expect(clock.pending).toBe(0);
});

test.each<[string, (held: ReturnType<typeof hold>) => void, string]>([
  [
    'a plugin rejects it',
    ({ pods }) => pods.reject(info.uid, 'Gang', 'not all are here'),
    'Gang: not all are here',
  ],
  ['patience ends', ({ clock }) => clock.advance(1_000), 'Gang: not allowed within 1000 ms'],
  ['the scheduler stops', ({ abort }) => abort.abort(), 'scheduler: the scheduler stops'],
])('it is sent back when %s', async (_what, happen, reason) => {
  const held = hold({ Gang: 1_000 });
  happen(held);
  expect((await held.outcome)?.reasons).toEqual([reason]);
  expect(held.pods.reject(info.uid, 'Gang', 'again')).toBe(false);
});
