import { createHash } from 'node:crypto';
import { access, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { cacheFolder } from '../cluster/build.ts';
import { withLock } from '../cluster/lock.ts';
import { type Environment, findTool, run, tail } from '../cluster/run.ts';

const REQUIREMENTS = fileURLToPath(new URL('./requirements.txt', import.meta.url));

/** The programs of `requirements.txt`, or why this machine cannot have them. */
export type Python = { readonly bin: string } | { readonly missing: string };

/**
 * A virtual environment with what `requirements.txt` pins, kept in the cache: made once, seconds later. Where Python is
 * missing, or PyPI cannot be reached, the answer says so, and what would help.
 */
export async function findPython(environment: Environment, say: (line: string) => void): Promise<Python> {
  const requirements = await readFile(REQUIREMENTS, 'utf8');
  const fingerprint = createHash('sha256').update(requirements).digest('hex').slice(0, 16);
  const folder = join(cacheFolder(environment), `python-${fingerprint}`);
  const whole = join(folder, '.whole');
  if (!(await exists(whole))) {
    const python = await findTool('python3', environment);
    if (python === undefined) return { missing: 'there is no python3 on the PATH' };
    const problem = await withLock(`${folder}.lock`, { say }, async () =>
      (await exists(whole)) ? undefined : install(python, folder, environment, say),
    );
    if (problem !== undefined) return { missing: problem };
    await writeFile(whole, '');
  }
  return { bin: join(folder, 'bin') };
}

/** A virtual environment cannot be moved, so it is made where it stays; its last file says that it is whole. */
async function install(python: string, folder: string, environment: Environment, say: (line: string) => void): Promise<string | undefined> {
  await rm(folder, { recursive: true, force: true });
  await mkdir(join(folder, '..'), { recursive: true });
  say('installing the AWS CLI, boto3, cfn-lint and moto from PyPI, this once');
  for (const [command, args] of [
    [python, ['-m', 'venv', folder]],
    [join(folder, 'bin', 'python'), ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '-r', REQUIREMENTS]],
  ] as const) {
    const ended = await run(command, args, { environment });
    if (ended.code !== 0) return `"${command} ${args.join(' ')}" failed: ${tail(ended.stderr || ended.stdout, 3)}`;
  }
  return undefined;
}

async function exists(path: string): Promise<boolean> {
  try {
    await access(path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw error;
  }
}
