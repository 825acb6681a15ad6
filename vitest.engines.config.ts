import { defineConfig } from 'vitest/config';

/** The packaged definitions and functions on a second engine: moto's Step Functions waits in real time. */
export default defineConfig({
  test: {
    globalSetup: ['test/support/package-folder.ts'],
    include: ['test/engines/**/*.test.ts'],
    // Scenarios wait most of their time, each in a world of its own.
    maxConcurrency: 12,
    testTimeout: 1_800_000,
    // The first start installs moto from PyPI.
    hookTimeout: 600_000,
  },
});
