import { defineConfig } from 'vitest/config';

/** The npm package, installed and used as its users do, on each Node that it is for. */
export default defineConfig({
  test: {
    globalSetup: ['test/installed/packed.ts'],
    include: ['test/installed/**/*.test.ts'],
    testTimeout: 300_000,
    hookTimeout: 300_000,
  },
});
