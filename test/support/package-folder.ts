import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';

declare module 'vitest' {
  interface ProvidedContext {
    /** An empty folder of this run of the tests, where `packaged()` puts the service. */
    packageFolder: string;
  }
}

/** The global set-up of the tests: one folder for the packaged service, gone when they end. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const folder = await mkdtemp(join(tmpdir(), 'podshift-package-'));
  project.provide('packageFolder', folder);
  return () => rm(folder, { recursive: true, force: true });
}
