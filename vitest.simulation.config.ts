import { existsSync } from 'node:fs';
import { defineConfig } from 'vitest/config';

/** The whole fault sweep: every call site, every fault. Minutes, so it has its own script. */
export default defineConfig({
  test: {
    globalSetup: ['test/support/package-folder.ts'],
    include: ['test/simulation/*.sweep.ts'],
    // The real snapshot is not part of the project.
    exclude: existsSync('../shared/snapshots/boutique') ? [] : ['test/simulation/boutique.sweep.ts'],
    maxWorkers: '100%',
    testTimeout: 3_600_000,
    hookTimeout: 600_000,
  },
});
