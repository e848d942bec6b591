import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          include: ['apps/*/src/**/*.test.{ts,tsx}', 'packages/*/src/**/*.test.ts'],
          setupFiles: ['scripts/lib/property-seed.ts'],
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
      {
        test: {
          name: 'e2e',
          include: ['e2e/**/*.test.ts'],
          // Whole clusters on one Docker and two cores: one after the other.
          fileParallelism: false,
          // The concurrent tests of the conformance suite mostly wait for pods.
          maxConcurrency: 12,
          testTimeout: 180_000,
          hookTimeout: 180_000,
        },
      },
    ],
  },
});
