import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ManualClock } from '../clock';
import { createWorkQueue } from './create-workqueue';

async function settled(): Promise<void> {
  for (let i = 0; i < 20; i += 1) await Promise.resolve();
}

describe('createWorkQueue', () => {
  it('hands out each waiting key once, oldest first', async () => {
    const queue = createWorkQueue();
    for (const key of ['a', 'b', 'a', 'c', 'b']) queue.add(key);
    expect(queue.length).toBe(3);
    expect([await queue.get(), await queue.get(), await queue.get()]).toEqual(['a', 'b', 'c']);
  });

  it('processes a key again that was added while a worker held it, and not before', async () => {
    const queue = createWorkQueue();
    queue.add('a');
    await queue.get();
    queue.add('a');
    expect(queue.length).toBe(0);
    queue.done('a');
    expect(await queue.get()).toBe('a');
  });

  it('doubles the delay with each failure, up to the bound, and starts again after forget', async () => {
    const clock = new ManualClock();
    const queue = createWorkQueue({ clock, baseDelayMs: 10, maxDelayMs: 45 });
    const delays: number[] = [];
    const measure = async () => {
      queue.addRateLimited('a');
      let waited = 0;
      while (queue.length === 0) {
        clock.advance(1);
        waited += 1;
      }
      delays.push(waited);
      queue.done((await queue.get()) ?? '');
    };
    for (let i = 0; i < 4; i += 1) await measure();
    queue.forget('a');
    await measure();
    expect(delays).toEqual([10, 20, 40, 45, 10]);
  });

  it('lets the earliest of several delayed adds win', () => {
    const clock = new ManualClock();
    const queue = createWorkQueue({ clock });
    queue.addAfter('a', 100);
    queue.addAfter('a', 30);
    queue.addAfter('a', 60);
    clock.advance(29);
    expect(queue.length).toBe(0);
    clock.advance(1);
    expect(queue.length).toBe(1);
    expect(clock.pending).toBe(0);
  });

  it('wakes waiting workers on shutdown, drains what is ready and drops what is delayed', async () => {
    const clock = new ManualClock();
    const queue = createWorkQueue({ clock });
    queue.add('ready');
    queue.addAfter('later', 5);
    queue.shutDown();
    queue.add('late');
    clock.advance(10);
    expect(await queue.get()).toBe('ready');
    expect(await queue.get()).toBeUndefined();
    const idle = createWorkQueue();
    const waiting = idle.get();
    idle.shutDown();
    expect(await waiting).toBeUndefined();
  });

  it('loses no key and never gives one to two workers, whatever the order of events', async () => {
    const step = fc.oneof(
      fc.record({ do: fc.constant('add' as const), key: fc.constantFrom('a', 'b', 'c') }),
      fc.record({
        do: fc.constant('addAfter' as const),
        key: fc.constantFrom('a', 'b', 'c'),
        ms: fc.nat(20),
      }),
      fc.record({ do: fc.constant('fail' as const), key: fc.constantFrom('a', 'b', 'c') }),
      fc.record({ do: fc.constant('work' as const) }),
      fc.record({ do: fc.constant('finish' as const), index: fc.nat(2) }),
      fc.record({ do: fc.constant('advance' as const), ms: fc.nat(10) }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
        const clock = new ManualClock();
        const queue = createWorkQueue({ clock, baseDelayMs: 1, maxDelayMs: 8 });
        const held: string[] = [];
        /** Keys with an add that no later `get` has answered yet. */
        const owed = new Set<string>();
        const take = async () => {
          if (queue.length === 0) return;
          const key = (await queue.get()) ?? '';
          expect(held).not.toContain(key);
          held.push(key);
          owed.delete(key);
        };
        for (const action of steps) {
          if (action.do === 'add') queue.add(action.key);
          if (action.do === 'addAfter') queue.addAfter(action.key, action.ms);
          if (action.do === 'fail') queue.addRateLimited(action.key);
          if ('key' in action) owed.add(action.key);
          if (action.do === 'work') await take();
          if (action.do === 'advance') clock.advance(action.ms);
          if (action.do === 'finish') {
            const [key] = held.splice(action.index, 1);
            if (key) queue.done(key);
          }
        }
        for (let round = 0; round < 10 && (owed.size > 0 || held.length > 0); round += 1) {
          for (const key of held.splice(0)) queue.done(key);
          clock.advance(20);
          while (queue.length > 0) await take();
        }
        expect([...owed]).toEqual([]);
      }),
      { numRuns: 300 },
    );
  }, 60_000);

  it('gives a waiting worker its key at once', async () => {
    const queue = createWorkQueue();
    let got: string | undefined;
    void queue.get().then((key) => {
      got = key;
    });
    queue.add('a');
    await settled();
    expect(got).toBe('a');
    expect(queue.length).toBe(0);
  });
});
