import { defineConfig } from 'vitest/config';

/** The real control plane: built from source the first time, so the first hook may take half an hour. */
export default defineConfig({
  test: {
    include: ['test/cluster/**/*.test.ts'],
    // A whole migration is one test.
    testTimeout: 900_000,
    hookTimeout: 2_400_000,
    // Two control planes at once would crowd a small machine.
    fileParallelism: false,
  },
});
