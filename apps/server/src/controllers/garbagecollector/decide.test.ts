import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { judge, type OwnerState } from './decide';

const owners = (...states: OwnerState[]) =>
  states.map((state, index) => ({
    reference: { apiVersion: 'v1', kind: 'ConfigMap', name: 'o', uid: `u${index}` },
    state,
  }));
const plain = { finalizers: [], hasDependents: false };

describe('judge', () => {
  it.each([
    ['nobody owns it', owners(), plain, { do: 'keep' }],
    ['its owner is there', owners('solid'), plain, { do: 'keep' }],
    ['one of two owners is gone', owners('absent', 'solid'), plain, { do: 'drop-owners', uids: ['u0'] }],
    ['one waits, one stays', owners('solid', 'waiting'), plain, { do: 'drop-owners', uids: ['u1'] }],
    ['all are gone', owners('absent', 'absent'), plain, { do: 'delete', policy: 'Background' }],
    ['its owner waits for it', owners('waiting'), plain, { do: 'delete', policy: 'Background' }],
    [
      'its owner waits for it and for what it owns',
      owners('waiting'),
      { finalizers: [], hasDependents: true },
      { do: 'delete', policy: 'Foreground' },
    ],
    [
      'what it owns waits for its owner in turn',
      owners('waiting'),
      { finalizers: [], hasDependents: true, hasWaitingDependents: true },
      { do: 'delete', policy: 'Foreground', unblocks: true },
    ],
    [
      'it is to orphan what it owns',
      owners('absent'),
      { finalizers: ['orphan'], hasDependents: true },
      { do: 'delete', policy: 'Orphan' },
    ],
  ] as const)('%s', (_, given, object, verdict) => {
    expect(judge(given, object)).toEqual(verdict);
  });

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
