import { availableParallelism } from 'node:os';
import { configDefaults, defineConfig } from 'vitest/config';

/** All that needs nothing but Node; vitest.all.config.ts runs it. */
export const INCLUDED = ['test/{unit,contract,simulation,cli,packaging}/**/*.test.ts'];

/** Minutes each on two cores: whole migrations, the packaged service, and the command as a process. A set of seeds of every world stays. */
const LONG = [
  'test/packaging/**',
  'test/simulation/!(moving).test.ts',
  'test/cli/{addon,capture,doctor,fleet,following,json-outputs,killed,next-commands,plan-file,plan-parity,readme,retire,scan,schedule,service}.test.ts',
];

export default defineConfig({
  test: {
    globalSetup: ['test/support/package-folder.ts'],
    include: INCLUDED,
    exclude: [...configDefaults.exclude, ...LONG],
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
