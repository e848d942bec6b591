import { systemClock } from '@wheelhouse/shared/clock';
import { ApiError } from '@wheelhouse/shared/errors';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FairQueue, type Seats } from './fair-queue';
import { flowOf, LEVELS, type PriorityLevel } from './levels';

const HIGH: PriorityLevel = { name: 'high', seats: 4, queueLength: 10 };
const LOW: PriorityLevel = { name: 'low', seats: 4, queueLength: 3 };

describe('levels', () => {
  const level = (name: string, groups: string[], rest: object = {}) =>
    flowOf({
      user: { name, groups: [...groups, 'system:authenticated'] },
      group: '',
      plural: 'pods',
      subresource: undefined,
      namespace: 'default',
      ...rest,
    }).level.name;
  const lease = { group: 'coordination.k8s.io', plural: 'leases', namespace: 'kube-system' };

  it.each([
    ['heartbeats of nodes', level('system:node:a', ['system:nodes'], lease), 'node-high'],
    ['other requests of nodes', level('system:node:a', ['system:nodes']), 'system'],
    ['elections', level('system:kube-scheduler', [], lease), 'leader-election'],
    ['the scheduler', level('system:kube-scheduler', []), 'workload-high'],
    ['controllers of kube-system', level('system:serviceaccount:kube-system:x', []), 'workload-high'],
    ['other service accounts', level('system:serviceaccount:team:x', []), 'workload-low'],
    ['administrators', level('admin', ['system:masters']), 'administrators'],
    ['people', level('jane', []), 'global-default'],
  ])('%s', (_who, found, wanted) => expect(found).toBe(wanted));

  it('puts all who are nobody into one flow', () => {
    const flow = flowOf({
      user: { name: 'system:anonymous', groups: ['system:unauthenticated'] },
      group: '',
      plural: '',
      subresource: undefined,
      namespace: undefined,
    });
    expect(flow).toEqual({ level: LEVELS.catchAll, key: '' });
  });
});

describe('the queue', () => {
  it('lends what others do not need, but keeps half of their seats for them', async () => {
    const queue = new FairQueue([HIGH, LOW], systemClock);
    const taken: Seats[] = [];
    for (let i = 0; i < 6; i++) taken.push(await queue.acquire({ level: LOW, key: 'greedy' }, 1));
    let started = false;
    const waiting = Promise.resolve(queue.acquire({ level: LOW, key: 'greedy' }, 1)).then((seats) => {
      started = true;
      return seats;
    });
    // The other level still finds its own.
    const high = queue.acquire({ level: HIGH, key: 'lease' }, 1);
    expect(high).not.toBeInstanceOf(Promise);
    expect(started).toBe(false);
    for (const seats of taken) seats.release();
    (await waiting).release();
    expect(queue.usage()).toEqual([
      { level: 'high', executing: 1, waiting: 0 },
      { level: 'low', executing: 0, waiting: 0 },
    ]);
  });

  it('refuses when the queue of a flow is full, and only that flow', async () => {
    const queue = new FairQueue([LOW], systemClock);
    const first = await queue.acquire({ level: LOW, key: 'flood' }, 100);
    const waiting = [1, 2, 3].map(() => Promise.resolve(queue.acquire({ level: LOW, key: 'flood' }, 1)));
    let refused: unknown;
    try {
      await queue.acquire({ level: LOW, key: 'flood' }, 1);
    } catch (error) {
      refused = error;
    }
    expect(refused).toBeInstanceOf(ApiError);
    expect(refused).toMatchObject({ code: 429, retryAfterSeconds: 1 });
    const other = queue.acquire({ level: LOW, key: 'patient' }, 1);
    first.release();
    for (const seats of await Promise.all([...waiting, other])) seats.release();
  });

  it('refuses those who take ever new names, too', async () => {
    const queue = new FairQueue([LOW], systemClock);
    const first = await queue.acquire({ level: LOW, key: 'a' }, 100);
    const all = Array.from({ length: 100 }, async (_, i) =>
      queue.acquire({ level: LOW, key: `name-${i}` }, 1),
    );
    const served = Promise.allSettled(all.map(async (seats) => (await seats).release()));
    expect(queue.usage()).toEqual([{ level: 'low', executing: 4, waiting: 48 }]);
    first.release();
    expect((await served).filter(({ status }) => status === 'rejected')).toHaveLength(52);
  });

  it('gives flows turns: one that floods does not hold up one that asks once', async () => {
    const level = { ...LOW, seats: 1, queueLength: 100 };
    const own = new FairQueue([level], systemClock);
    const first = await own.acquire({ level, key: 'flood' }, 1);
    const order: string[] = [];
    const run = async (key: string) => {
      const seats = await own.acquire({ level, key }, 1);
      order.push(key);
      seats.release();
    };
    const all = [...Array.from({ length: 20 }, () => run('flood')), run('single')];
    first.release();
    await Promise.all(all);
    expect(order.indexOf('single')).toBeLessThan(3);
  });

  it('never seats more than there are, and in the end serves or refuses everybody', async () => {
    const request = fc.record({
      high: fc.boolean(),
      key: fc.constantFrom('a', 'b', 'c'),
      width: fc.integer({ min: 1, max: 6 }),
      turns: fc.integer({ min: 0, max: 3 }),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(request, { maxLength: 60 }), async (requests) => {
        const queue = new FairQueue([HIGH, LOW], systemClock);
        let most = 0;
        const serve = async ({ high, key, width, turns }: (typeof requests)[number]) => {
          const seats = await queue.acquire({ level: high ? HIGH : LOW, key }, width);
          most = Math.max(
            most,
            queue.usage().reduce((sum, { executing }) => sum + executing, 0),
          );
          for (let i = 0; i < turns; i++) await new Promise((resolve) => setImmediate(resolve));
          seats.release();
          seats.release();
        };
        const outcomes = await Promise.allSettled(requests.map(serve));
        for (const outcome of outcomes) {
          if (outcome.status === 'rejected') expect(outcome.reason).toMatchObject({ code: 429 });
        }
        expect(most).toBeLessThanOrEqual(HIGH.seats + LOW.seats);
        for (const { executing, waiting } of queue.usage()) expect([executing, waiting]).toEqual([0, 0]);
      }),
      { numRuns: 50 },
    );
  });
});
