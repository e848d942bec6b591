import type { Job } from 'kubernetes-types/batch/v1';
import { describe } from 'vitest';
import { goldenCases } from '../testing/golden';
import { msUntilExpired } from './plan';

describe('msUntilExpired', () => {
  goldenCases<Job>(import.meta.url, 'plan', (job) => msUntilExpired(job, new Date('2026-01-01T00:01:00Z')));
});
