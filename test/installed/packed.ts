import { execFile } from 'node:child_process';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import type { TestProject } from 'vitest/node';
import { ROOT } from '../cli/spawn.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** The file that `npm pack` made of this checkout, for the whole run of the tests. */
    packedFile: string;
  }
}

/** The global set-up of the tests of the package: one packed file, gone when they end. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const folder = await mkdtemp(join(tmpdir(), 'podshift-packed-'));
  const env = { ...process.env, PATH: `${dirname(process.execPath)}:${process.env.PATH}` };
  await promisify(execFile)('npm', ['pack', '--silent', '--pack-destination', folder], { cwd: ROOT, env });
  const [file = ''] = await readdir(folder);
  project.provide('packedFile', join(folder, file));
  return () => rm(folder, { recursive: true, force: true });
}
