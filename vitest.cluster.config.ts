import { defineConfig } from 'vitest/config';

/** The real control plane: built from source the first time, so the first hook may take half an hour. */
export default defineConfig({
  test: {
    include: ['test/cluster/**/*.test.ts'],
    // A whole migration is one test.
    testTimeout: 900_000,
    hookTimeout: 2_400_000,
    // A migration waits most of its time, for what AWS and Kubernetes would take: two control planes at once fill two cores.
    maxWorkers: 2,
  },
});
