import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    globalSetup: ['test/support/package-folder.ts'],
    include: ['test/{unit,contract,simulation,cli,packaging}/**/*.test.ts'],
    // One more than there are cores: tests of the command line wait for processes of their own.
    maxWorkers: availableParallelism() + 1,
    // A test that hangs ends; one that is slow on a busy machine does not fail by it.
    testTimeout: 300_000,
    hookTimeout: 300_000,
    coverage: {
      provider: 'v8',
      reportOnFailure: true,
      include: ['src/**/*.ts'],
      reporter: ['text-summary', 'json-summary', 'html'],
      thresholds: {
        'src/trust/**': { branches: 100 },
        'src/plan/**': { branches: 100 },
        'src/**': { branches: 95 },
      },
    },
  },
});
