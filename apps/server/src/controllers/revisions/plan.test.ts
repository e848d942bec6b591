import { describe, expect, it } from 'vitest';
import { beyondLimit, type StoredRevision } from './plan';

const revision = (number: number): StoredRevision => ({
  kind: 'ControllerRevision',
  apiVersion: 'apps/v1',
  metadata: { name: `r${number}`, uid: `r${number}`, resourceVersion: '1' },
  revision: number,
});
const five = [3, 1, 5, 2, 4].map(revision);
const names = (revisions: StoredRevision[]) => revisions.map(({ metadata }) => metadata.name);

describe('beyondLimit', () => {
  const inUse = new Set(['r1', 'r5']);

  it('forgets the oldest that nobody uses', () => {
    expect(names(beyondLimit(five, inUse, { limit: 1, limited: 'idle' }))).toEqual(['r2', 'r3']);
    expect(names(beyondLimit(five, inUse, { limit: 3, limited: 'idle' }))).toEqual([]);
  });

  it('counts for daemon sets all but the newest', () => {
    expect(names(beyondLimit(five, inUse, { limit: 1, limited: 'old' }))).toEqual(['r2', 'r3', 'r4']);
    expect(names(beyondLimit(five, inUse, { limit: 3, limited: 'old' }))).toEqual(['r2']);
    expect(names(beyondLimit(five, inUse, { limit: 4, limited: 'old' }))).toEqual([]);
  });
});
