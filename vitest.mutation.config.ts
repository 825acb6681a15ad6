import { defineConfig } from 'vitest/config';

/** What Stryker runs: the tables of the trust engine and the planner. Properties are left out, since their cases differ from run to run. */
export default defineConfig({
  test: { include: ['test/unit/{trust,plan}/*.test.ts'], exclude: ['test/unit/*/*-properties.test.ts'] },
});
