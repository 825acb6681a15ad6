import { defineConfig } from 'vitest/config';

/** Pages in a real Chromium. A file at a time: what a page takes is measured. */
export default defineConfig({
  test: {
    globalSetup: ['test/support/package-folder.ts'],
    include: ['test/page/**/*.test.ts'],
    fileParallelism: false,
    testTimeout: 300_000,
    hookTimeout: 300_000,
  },
});
