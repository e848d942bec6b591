import type { DrainOutcome, PlacementPreview } from '@wheelhouse/shared/scheduling/placement-preview';
import { describe, expect, it } from 'vitest';
import { drainInWords, readDrain } from './drain-plan';

const answer: PlacementPreview = {
  apiVersion: 'scheduling.wheelhouse.dev/v1',
  kind: 'PlacementPreview',
  spec: { drain: { node: 'node-1' } },
  status: {
    currentReplicas: 3,
    placements: [],
    removals: [],
    unplaced: 1,
    maximum: { replicas: 0, exact: true, reason: '', limits: [] },
    perNode: [],
    drain: {
      node: 'node-1',
      moves: [
        { namespace: 'shop', pod: 'web-1', outcome: 'placed', node: 'node-2' },
        { namespace: 'shop', pod: 'web-2', outcome: 'placed', node: 'node-2' },
        { namespace: 'shop', pod: 'db-0', outcome: 'homeless', reason: 'node-2 is short of memory' },
        { namespace: 'shop', pod: 'import-0', outcome: 'finished', reason: 'it ran to its end' },
      ],
      stays: [],
      blockedBy: [{ namespace: 'shop', budget: 'web', allowed: 1, pods: ['web-2'] }],
    },
  },
};

describe('a drain', () => {
  it('counts the newcomers of each node', () => {
    const plan = readDrain(answer);
    expect(plan?.byNode).toEqual(new Map([['node-2', 2]]));
  });

  it('is told in words: who leaves, who finds nothing, who has to wait', () => {
    const plan = readDrain(answer);
    expect(plan && drainInWords(plan)).toBe(
      '3 pods would leave. 1 successor would find no node. 1 pod must wait for a budget.',
    );
  });

  it('loses nobody over pods that have finished, and says so of those that nobody makes again', () => {
    const plan = readDrain(answer);
    const told = (outcome: DrainOutcome) =>
      plan && drainInWords({ ...plan, blockedBy: [], moves: [{ namespace: 'shop', pod: 'one', outcome }] });
    expect(told('finished')).toBe('Nothing that runs has to leave.');
    expect(told('placed')).toBe('1 pod would leave. Every successor finds a node.');
    expect(told('lost')).toBe('1 pod would leave. 1 pod would be gone for good.');
  });

  it('is no plan without an answer', () => {
    expect(readDrain({ ...answer, status: undefined })).toBeUndefined();
  });
});
