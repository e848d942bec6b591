import { describe, expect, it } from 'vitest';
import { boundsFor, boundsInWords } from './autoscaled';

const bounds = { min: 2, max: 10 };

describe('boundsFor', () => {
  it('moves the bound that the hand went beyond', () => {
    expect(boundsFor(bounds, 14)).toEqual({ min: 2, max: 14 });
    expect(boundsFor(bounds, 1)).toEqual({ min: 1, max: 10 });
  });

  it('leaves what lies within to the autoscaler', () => {
    for (const target of [2, 6, 10]) expect(boundsFor(bounds, target)).toBeUndefined();
  });

  it('never goes below one', () => {
    expect(boundsFor(bounds, 0)).toEqual({ min: 1, max: 10 });
    expect(boundsFor({ min: 1, max: 10 }, 0)).toBeUndefined();
  });

  it('says so before the hand lets go', () => {
    const autoscaler = {
      resource: 'horizontalpodautoscalers' as const,
      namespace: 'shop',
      name: 'web',
      uid: '1',
      created: '',
      target: { kind: 'Deployment', name: 'web' },
      ...bounds,
      current: 3,
      wanted: 3,
      targets: 'cpu: 40%/50%',
    };
    expect(boundsInWords(autoscaler, 5)).toContain('decides between 2 and 10');
    expect(boundsInWords(autoscaler, 12)).toContain('up to 12');
    expect(boundsInWords(autoscaler, 0)).toContain('down to 1');
  });
});
