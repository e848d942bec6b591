import { apiError, forbidden } from '@wheelhouse/shared/errors';
import { describe, expect, it } from 'vitest';
import { slowStart } from './slow-start';

describe('slowStart', () => {
  it('doubles while all goes well, and stops with the first batch that does not', async () => {
    const asked: number[] = [];
    const refusal = forbidden({ kind: 'pods', name: 'p' }, 'exceeded quota');
    const result = await slowStart(20, async (index) => {
      asked.push(index);
      if (index === 4) throw refusal;
    });
    // One, two, four: the third batch has the refusal.
    expect(asked).toEqual([0, 1, 2, 3, 4, 5, 6]);
    expect(result).toEqual({ succeeded: 6, error: refusal });
  });

  it('ends without an error where a namespace is being deleted', async () => {
    const causes = [{ reason: 'NamespaceTerminating', message: 'going', field: 'metadata.namespace' }];
    const result = await slowStart(20, async () => {
      throw apiError('Forbidden', 'pods "p" is forbidden', { causes });
    });
    expect(result).toEqual({ succeeded: 0, error: undefined });
  });
});
