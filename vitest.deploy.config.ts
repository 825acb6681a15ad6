import { defineConfig } from 'vitest/config';

/** The packaged service, deployed into moto's CloudFormation by the framework, and used there: an account for the file, one test after another. */
export default defineConfig({
  test: {
    globalSetup: ['test/support/package-folder.ts'],
    include: ['test/deploy/**/*.test.ts'],
    testTimeout: 600_000,
    // The first start installs moto from PyPI; the service is packaged and deployed ahead of the tests.
    hookTimeout: 900_000,
  },
});
