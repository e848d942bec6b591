import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ManualClock } from '../clock';
import { serviceUnavailable } from '../errors';
import { leaseKind } from '../kinds/coordination/lease';
import { type LeaderElection, startLeaderElection } from './leader-election';
import { MemoryClient } from './testing/memory-client';

const lease = { namespace: 'kube-system', name: 'controllers' };

async function settle(): Promise<void> {
  for (let i = 0; i < 60; i += 1) await Promise.resolve();
}

function candidate(client: MemoryClient, clock: ManualClock, identity: string, leaders: Set<string>) {
  return startLeaderElection(client, {
    lease,
    identity,
    clock,
    async lead() {
      leaders.add(identity);
      return {
        async stop() {
          leaders.delete(identity);
        },
      };
    },
  });
}

describe('startLeaderElection', () => {
  it('lets the first candidate lead and the second take over when it stops, without waiting', async () => {
    const clock = new ManualClock();
    const client = new MemoryClient(clock);
    const leaders = new Set<string>();
    const a = candidate(client, clock, 'a', leaders);
    await settle();
    const b = candidate(client, clock, 'b', leaders);
    await settle();
    expect([a.isLeader, b.isLeader]).toEqual([true, false]);
    await a.stop();
    clock.advance(2_000);
    await settle();
    expect([...leaders]).toEqual(['b']);
    expect(client.all(leaseKind)[0]?.spec).toMatchObject({ holderIdentity: 'b', leaseTransitions: 1 });
    await b.stop();
  });

  it('takes over from one that vanished only after its lease has lapsed', async () => {
    const clock = new ManualClock();
    const client = new MemoryClient(clock);
    const spec = {
      holderIdentity: 'gone',
      leaseDurationSeconds: 15,
      renewTime: '2020-01-01T00:00:00.000000Z',
    };
    await client.create(leaseKind, { metadata: lease, spec });
    const b = candidate(client, clock, 'b', new Set());
    for (let elapsed = 0; elapsed < 14_000; elapsed += 2_000) {
      await settle();
      expect(b.isLeader).toBe(false);
      clock.advance(2_000);
    }
    await settle();
    clock.advance(2_000);
    await settle();
    expect(b.isLeader).toBe(true);
    await b.stop();
  });

  it('stops leading in time even when a renewal hangs', async () => {
    const clock = new ManualClock();
    const client = new MemoryClient(clock);
    const leaders = new Set<string>();
    const a = candidate(client, clock, 'a', leaders);
    await settle();
    const get = client.get.bind(client);
    let answer: () => void = () => undefined;
    const hanging = new Promise<void>((resolve) => {
      answer = resolve;
    });
    client.get = async (...args) => {
      await hanging;
      return get(...args);
    };
    clock.advance(9_999);
    await settle();
    expect([...leaders]).toEqual(['a']);
    clock.advance(1);
    await settle();
    expect([...leaders]).toEqual([]);
    answer();
    await settle();
    clock.advance(2_000);
    await settle();
    expect([...leaders]).toEqual(['a']);
    await a.stop();
  });

  it('never has two leaders, whatever fails in between, and has one again afterwards', async () => {
    const step = fc.oneof(
      {
        weight: 6,
        arbitrary: fc.record({ do: fc.constant('advance' as const), ms: fc.integer({ min: 1, max: 4_000 }) }),
      },
      fc.record({ do: fc.constantFrom('break', 'repair', 'lose' as const) }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
        const clock = new ManualClock();
        const client = new MemoryClient(clock);
        const leaders = new Set<string>();
        const candidates: LeaderElection[] = ['a', 'b', 'c'].map((id) =>
          candidate(client, clock, id, leaders),
        );
        for (const action of steps) {
          const fail = () => {
            throw serviceUnavailable('outage');
          };
          client.before = action.do === 'break' ? fail : action.do === 'repair' ? undefined : client.before;
          client.after = action.do === 'lose' ? fail : action.do === 'repair' ? undefined : client.after;
          if (action.do === 'advance') clock.advance(action.ms);
          await settle();
          expect(leaders.size).toBeLessThanOrEqual(1);
        }
        client.before = undefined;
        client.after = undefined;
        for (let i = 0; i < 20; i += 1) {
          clock.advance(2_000);
          await settle();
          expect(leaders.size).toBeLessThanOrEqual(1);
        }
        expect(leaders.size).toBe(1);
        await Promise.all(candidates.map((one) => one.stop()));
        expect(leaders.size).toBe(0);
      }),
      { numRuns: 150 },
    );
  }, 60_000);
});
