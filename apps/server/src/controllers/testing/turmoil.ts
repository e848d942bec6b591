import type { Call } from '@wheelhouse/shared/client/testing/memory-client';
import { serviceUnavailable, staleWrite } from '@wheelhouse/shared/errors';
import type { ResourceType } from '@wheelhouse/shared/meta/kind';
import fc from 'fast-check';
import { expect } from 'vitest';
import type { Harness } from './harness';

export interface Turmoil<A> {
  /** A world with the controllers running in it. */
  start(): Promise<Harness>;
  /** What users, nodes and other programs do. */
  readonly actions: fc.Arbitrary<A>;
  act(harness: Harness, action: A): Promise<void>;
  /** Kinds whose watches may lag. */
  readonly kinds: readonly ResourceType[];
  /** How far the clock goes in one step of the script. Default 2 s. */
  readonly pauseMs?: number;
  /** What has to go on for the world to settle, done after each pause. */
  help?(harness: Harness): Promise<void>;
  /** Looks at a write of the controllers before it happens: what is wrong with it, if anything. */
  watch?(harness: Harness, call: Call): string | undefined;
  /** Expects everything to be in order. */
  converged(harness: Harness): void;
}

type Trouble = 'refuse' | 'conflict' | 'lose';

/**
 * Tries a controller in random orders of events, with watches that lag, writes that fail or whose answers are lost,
 * and restarts: it never does what `watch` objects to, it converges, and then it writes nothing any more.
 */
export async function survives<A>(turmoil: Turmoil<A>, { runs = 50, steps = 25 } = {}): Promise<void> {
  const step = fc.oneof(
    { weight: 6, arbitrary: fc.record({ do: fc.constant('act' as const), action: turmoil.actions }) },
    {
      weight: 1,
      arbitrary: fc.record({ do: fc.constant('hide' as const), kind: fc.constantFrom(...turmoil.kinds) }),
    },
    {
      weight: 2,
      arbitrary: fc.record({
        do: fc.constantFrom('show', 'restart', 'advance', 'refuse', 'conflict', 'lose' as const),
      }),
    },
  );
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: steps }), async (script) => {
      const harness = await turmoil.start();
      const { client } = harness;
      let trouble: Trouble | undefined;
      let ours = false;
      // Collected, since the controllers would take a throw here for a failed call.
      const objections: string[] = [];
      const isWrite = ({ verb }: Call) => verb !== 'get' && verb !== 'list' && verb !== 'watch';
      const take = (...kinds: Trouble[]): Trouble | undefined => {
        if (!trouble || !kinds.includes(trouble)) return undefined;
        const taken = trouble;
        trouble = undefined;
        return taken;
      };
      client.before = (call) => {
        if (ours || !isWrite(call)) return;
        const objection = turmoil.watch?.(harness, call);
        if (objection) objections.push(objection);
        const taken = take('refuse', 'conflict');
        if (taken) throw taken === 'conflict' ? staleWrite({}) : serviceUnavailable('refused');
      };
      client.after = () => {
        if (!ours && take('lose')) throw serviceUnavailable('lost');
      };
      const asOthers = async (work: () => Promise<void>) => {
        ours = true;
        await work();
        ours = false;
        await harness.quiet();
      };
      for (const one of script) {
        if (one.do === 'act') await asOthers(() => turmoil.act(harness, one.action));
        else if (one.do === 'hide') client.hideChanges(one.kind);
        else if (one.do === 'show') client.showChanges();
        else if (one.do === 'advance') await harness.advance(turmoil.pauseMs ?? 2_000);
        else if (one.do === 'restart') {
          client.showChanges();
          trouble = undefined;
          await harness.restart();
        } else trouble = one.do;
        await harness.quiet();
      }
      trouble = undefined;
      client.showChanges();
      for (let round = 0; round < 6; round += 1) {
        await harness.settle();
        await asOthers(async () => turmoil.help?.(harness));
      }
      await harness.settle();
      expect(objections).toEqual([]);
      turmoil.converged(harness);
      const writes = client.writes.length;
      await harness.settle();
      expect(client.writes.slice(writes)).toEqual([]);
      await harness.stop();
    }),
    { numRuns: runs },
  );
}
