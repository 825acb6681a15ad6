import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { BUILT, PACKAGED, ROOT } from '../engine/root.ts';

/** The version of this podshift as its package says, with the commit that it was made of where that is known: `1.2.3 (0f1e2d3c4b5a)`. */
export async function version(): Promise<string> {
  const { version: number } = JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8')) as { version: string };
  const made = await commit();
  return made === '' ? number : `${number} (${made})`;
}

/** The commit that this podshift was made of; empty where that is not known. */
export async function commit(): Promise<string> {
  return PACKAGED ? commitOfPackage() : commitOfCheckout();
}

/**
 * The commit that is checked out, with `-dirty` behind it where tracked files were changed since; empty where the folder is
 * no checkout of Git, or Git is not there.
 */
export async function commitOfCheckout(): Promise<string> {
  // A folder around this one may be a checkout of something else.
  if (!existsSync(join(ROOT, '.git'))) return '';
  try {
    // Loaded where it is asked: it takes as long as Git does.
    const { execFile } = await import('node:child_process');
    const git = await promisify(execFile)('git', ['-C', ROOT, 'describe', '--always', '--dirty', '--exclude=*', '--abbrev=12']);
    return git.stdout.trim();
  } catch {
    return '';
  }
}

async function commitOfPackage(): Promise<string> {
  return (await readFile(join(BUILT, 'commit'), 'utf8')).trim();
}
