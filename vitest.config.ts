import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    globalSetup: ['test/support/package-folder.ts'],
    include: ['test/{unit,contract,simulation,cli,packaging}/**/*.test.ts'],
    maxWorkers: '100%',
    // A test that hangs ends; one that is slow on a busy machine does not fail by it.
    testTimeout: 300_000,
    hookTimeout: 300_000,
    coverage: {
      provider: 'v8',
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
