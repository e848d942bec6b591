import { describe } from 'vitest';
import { goldenCases } from '../testing/golden';
import { protectedFinalizers } from './protection';

interface Case {
  readonly finalizers?: string[];
  readonly deleted?: boolean;
  readonly inUse?: boolean;
}

describe('protectedFinalizers', () => {
  goldenCases<Case>(import.meta.url, 'protection', ({ finalizers, deleted = false, inUse = false }) =>
    protectedFinalizers(
      {
        ...(finalizers ? { finalizers } : {}),
        ...(deleted ? { deletionTimestamp: '2026-01-01T00:00:00Z' } : {}),
      },
      'protection',
      inUse,
    ),
  );
});
