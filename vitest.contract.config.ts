import { defineConfig } from 'vitest/config';

/** The contract suites over every backend that this machine can have. */
export default defineConfig({
  test: {
    globalSetup: ['test/support/package-folder.ts'],
    include: ['test/contract/**/*.test.ts', 'test/contract/**/*.real.ts'],
    reporters: ['default', './test/contract/reporter.ts'],
    testTimeout: 300_000,
    // The first start builds the control plane.
    hookTimeout: 2_400_000,
  },
});
