import type { PlacementPreview } from '@wheelhouse/shared/scheduling/placement-preview';
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
        { namespace: 'shop', pod: 'web-1', node: 'node-2' },
        { namespace: 'shop', pod: 'web-2', node: 'node-2' },
        { namespace: 'shop', pod: 'db-0', reason: 'node-2 is short of memory' },
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
    expect(plan?.homeless).toBe(1);
  });

  it('is told in words: who leaves, who finds nothing, who has to wait', () => {
    const plan = readDrain(answer);
    expect(plan && drainInWords(plan)).toBe(
      '3 pods would leave. 1 successor would find no node. 1 pod must wait for a budget.',
    );
  });

  it('is no plan without an answer', () => {
    expect(readDrain({ ...answer, status: undefined })).toBeUndefined();
  });
});
