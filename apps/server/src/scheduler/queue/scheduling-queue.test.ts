import { ManualClock } from '@wheelhouse/shared/clock';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Verdict } from '../core/decide';
import type { ClusterEventKind } from '../framework/plugin';
import { prioritySort } from '../plugins/priority-sort';
import { type PodInfo, podInfo } from '../snapshot/pod-info';
import { type PodParts, testPod } from '../testing/objects';
import { SchedulingQueue } from './scheduling-queue';

const verdict: Verdict = {
  nodes: 1,
  reasons: new Map([['Insufficient cpu', 1]]),
  plugins: new Set(['NodeResourcesFit']),
};
const onRemoval: ReadonlySet<ClusterEventKind> = new Set(['pod-removed']);
const pod = (name: string, parts: Partial<PodParts> = {}) => podInfo(testPod({ name, ...parts }));
const small = (name: string) => pod(name, { cpu: '100m' });

function newQueue() {
  const clock = new ManualClock();
  const heldBack = ({ pod: { spec } }: PodInfo) => (spec?.schedulingGates?.length ?? 0) > 0;
  return { clock, queue: new SchedulingQueue({ clock, sort: prioritySort, heldBack }) };
}

function popped(queue: SchedulingQueue): string[] {
  const names: string[] = [];
  for (let next = queue.pop(); next; next = queue.pop()) {
    names.push(next.info.name);
    queue.placed(next);
  }
  return names;
}

function refuseNext(queue: SchedulingQueue): string | undefined {
  const next = queue.pop();
  if (next) queue.refused(next, verdict, onRemoval);
  return next?.info.name;
}

test('higher priority first, then whoever came first', () => {
  const { queue } = newQueue();
  for (const [name, priority] of [
    ['a', 0],
    ['b', 5],
    ['c', 0],
    ['d', 5],
  ] as const) {
    queue.add(pod(name, { spec: { priority } }));
  }
  expect(popped(queue)).toEqual(['b', 'd', 'a', 'c']);
});

test('a gated pod waits until its gates are gone', () => {
  const { queue } = newQueue();
  queue.add(pod('a', { spec: { schedulingGates: [{ name: 'x' }] } }));
  expect(queue.pop()).toBeUndefined();
  queue.add(pod('a'));
  expect(popped(queue)).toEqual(['a']);
});

test('back-off doubles from one second to ten', () => {
  const { clock, queue } = newQueue();
  const waits: number[] = [];
  let info = small('a');
  for (let failures = 1; failures <= 6; failures++) {
    queue.retryLater(info, failures);
    expect(queue.pop()).toBeUndefined();
    const due = queue.nextDue() ?? Number.NaN;
    waits.push(due - clock.monotonic());
    clock.advance(due - clock.monotonic());
    const next = queue.pop();
    expect(next?.info.name).toBe('a');
    info = next?.info ?? info;
  }
  expect(waits).toEqual([1_000, 2_000, 4_000, 8_000, 10_000, 10_000]);
});

describe('pods that are alike and fit nowhere', () => {
  test('are parked without being tried once one was refused', () => {
    const { queue } = newQueue();
    queue.add(small('a'));
    expect(refuseNext(queue)).toBe('a');
    expect(queue.add(small('b'))).toBe(verdict);
    expect(queue.add(pod('c', { cpu: '1' }))).toBeUndefined();
    expect(popped(queue)).toEqual(['c']);
    expect(queue.counts().parked).toBe(2);
  });

  test('send one ahead after an event that helps, and follow when it is placed', () => {
    const { queue } = newQueue();
    for (const name of ['a', 'b', 'c']) queue.add(small(name));
    refuseNext(queue);
    refuseNext(queue);
    refuseNext(queue);
    queue.notify('node-changed', () => 'fits'); // nobody waits for that
    expect(queue.pop()).toBeUndefined();
    queue.notify('pod-removed', () => 'no');
    expect(queue.pop()).toBeUndefined();
    queue.notify('pod-removed', () => 'fits');
    const probe = queue.pop();
    expect(probe?.info.name).toBe('a');
    expect(queue.pop()).toBeUndefined();
    if (probe) queue.placed(probe);
    expect(refuseNext(queue)).toBe('b');
    expect(queue.pop()).toBeUndefined();
    expect(queue.counts().parked).toBe(2);
  });

  test('wait out the back-off when the event only may help', () => {
    const { clock, queue } = newQueue();
    queue.add(small('a'));
    refuseNext(queue);
    queue.notify('pod-removed', () => 'maybe');
    expect(queue.pop()).toBeUndefined();
    clock.advance(1_000);
    expect(queue.pop()?.info.name).toBe('a');
  });

  test('send the next one ahead when the one that went ahead is deleted', () => {
    const { queue } = newQueue();
    queue.add(small('a'));
    refuseNext(queue);
    queue.add(small('b'));
    queue.notify('pod-removed', () => 'fits');
    queue.remove('default/a');
    expect(popped(queue)).toEqual(['b']);
    expect(queue.size).toBe(0);
  });

  test('are tried again after five minutes without any event', () => {
    const { clock, queue } = newQueue();
    queue.add(small('a'));
    refuseNext(queue);
    clock.advance((queue.nextDue() ?? Number.NaN) - clock.monotonic());
    expect(clock.monotonic() - Date.UTC(2026, 0, 1)).toBe(300_000);
    expect(popped(queue)).toEqual(['a']);
  });

  test('leave the class when their spec changes', () => {
    const { queue } = newQueue();
    queue.add(small('a'));
    refuseNext(queue);
    queue.add(small('a')); // only its status changed
    expect(queue.pop()).toBeUndefined();
    queue.add(pod('a', { cpu: '100m', spec: { tolerations: [{ operator: 'Exists' }] } }));
    expect(popped(queue)).toEqual(['a']);
  });
});

/**
 * Random histories against the simplest model: what is in the queue is what came in and neither left nor was placed,
 * and as long as something helps, nobody starves.
 */
test('never loses, doubles or strands a pod', () => {
  const step = fc.oneof(
    fc.record({ do: fc.constant('add' as const), pod: fc.nat(11), size: fc.nat(2), priority: fc.nat(1) }),
    fc.record({ do: fc.constant('remove' as const), pod: fc.nat(11) }),
    fc.record({ do: fc.constantFrom('place' as const, 'refuse' as const, 'fail' as const) }),
    fc.record({ do: fc.constant('event' as const), hint: fc.constantFrom('fits', 'maybe', 'no') }),
    fc.record({ do: fc.constant('wait' as const), ms: fc.nat(20_000) }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
      const { clock, queue } = newQueue();
      const expected = new Set<string>();
      for (const action of steps) {
        if (action.do === 'add') {
          const info = pod(`p${action.pod}`, {
            cpu: `${action.size + 1}`,
            spec: { priority: action.priority },
          });
          queue.add(info);
          expected.add(info.key);
        } else if (action.do === 'remove') {
          queue.remove(`default/p${action.pod}`);
          expected.delete(`default/p${action.pod}`);
        } else if (action.do === 'event') queue.notify('pod-removed', () => action.hint);
        else if (action.do === 'wait') clock.advance(action.ms);
        else {
          const next = queue.pop();
          if (!next) continue;
          expect(expected.has(next.info.key)).toBe(true);
          if (action.do === 'place') {
            queue.placed(next);
            expected.delete(next.info.key);
          } else if (action.do === 'refuse') queue.refused(next, verdict, onRemoval);
          else queue.retryLater(next.info, next.failures + 1);
        }
        const counts = queue.counts();
        expect(queue.size).toBe(expected.size);
        expect(counts.deciding).toBe(0);
      }
      queue.notify('pod-removed', () => 'fits');
      clock.advance(10_000);
      expect(
        popped(queue)
          .map((name) => `default/${name}`)
          .sort(),
      ).toEqual([...expected].sort());
      expect(queue.size).toBe(0);
    }),
    { numRuns: 500 },
  );
});
