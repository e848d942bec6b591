import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { goldenCases } from '../testing/golden';
import { judge, type OwnerState } from './decide';

const owners = (...states: OwnerState[]) =>
  states.map((state, index) => ({
    reference: { apiVersion: 'v1', kind: 'ConfigMap', name: 'o', uid: `u${index}` },
    state,
  }));

interface Case {
  readonly owners: readonly OwnerState[];
  readonly finalizers?: readonly string[];
  readonly hasDependents?: boolean;
  /** Some of these are being deleted and wait themselves. */
  readonly hasWaitingDependents?: boolean;
}

describe('judge', () => {
  goldenCases<Case>(import.meta.url, 'decide', ({ owners: states, ...object }) =>
    judge(owners(...states), { finalizers: [], hasDependents: false, ...object }),
  );

  it('never deletes what some owner keeps', () => {
    const state = fc.constantFrom<OwnerState>('solid', 'waiting', 'absent');
    fc.assert(
      fc.property(fc.array(state, { maxLength: 5 }), fc.boolean(), (states, hasDependents) => {
        const verdict = judge(owners(...states), { finalizers: [], hasDependents });
        const mayGo = states.length > 0 && !states.includes('solid');
        expect(verdict.do === 'delete').toBe(mayGo);
      }),
    );
  });
});
