import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';

/** The npm package, installed and used as its users do, on each Node that it is for. */
export default defineConfig({
  test: {
    globalSetup: ['test/installed/packed.ts'],
    include: ['test/installed/**/*.test.ts'],
    // Most of a migration is waiting.
    maxWorkers: availableParallelism() + 1,
    testTimeout: 600_000,
    hookTimeout: 600_000,
  },
});
