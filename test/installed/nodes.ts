import { access, mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { cacheFolder } from '../cluster/build.ts';
import { withLock } from '../cluster/lock.ts';
import { type Environment, run, tail } from '../cluster/run.ts';

/** The folder of a Node's program, or why this machine cannot have it. */
export type FoundNode = { readonly bin: string } | { readonly missing: string };

/**
 * A Node of a version: that of these tests, one in the cache, or one that is put there from the npm registry, this once. Says on
 * `say` that it is fetched.
 */
export async function findNode(version: string, environment: Environment, say: (line: string) => void): Promise<FoundNode> {
  if (version === process.versions.node) return { bin: dirname(process.execPath) };
  const name = `node-${process.platform}-${process.arch}`;
  const folder = join(cacheFolder(environment), '..', `${name}-${version}`);
  const bin = join(folder, 'node_modules', name, 'bin');
  if (await exists(join(bin, 'node'))) return { bin };
  const problem = await withLock(`${folder}.lock`, { say }, async () => {
    if (await exists(join(bin, 'node'))) return undefined;
    say(`fetching Node ${version} from the npm registry, this once`);
    return fetchNode(`${name}@${version}`, folder, environment);
  });
  return problem === undefined ? { bin } : { missing: problem };
}

/** What is not whole is not there: the folder gets its name last. */
async function fetchNode(specifier: string, folder: string, environment: Environment): Promise<string | undefined> {
  const part = `${folder}.part`;
  await rm(part, { recursive: true, force: true });
  await mkdir(part, { recursive: true });
  await writeFile(join(part, 'package.json'), '{"private": true}');
  const args = [
    'install',
    '--prefix',
    part,
    '--ignore-scripts',
    '--no-audit',
    '--no-fund',
    '--prefer-offline',
    '--fetch-retries=1',
    specifier,
  ];
  const problem = await failureOf(args, specifier, environment);
  if (problem !== undefined) return problem;
  await rm(folder, { recursive: true, force: true });
  await rename(part, folder);
  return undefined;
}

/**
 * Brings the Node that npm installs with podshift on this machine into npm's cache; answers why it cannot be had, and undefined where it
 * is there.
 */
export async function fetchOwnNode(optional: Readonly<Record<string, string>>, environment: Environment): Promise<string | undefined> {
  const own = Object.entries(optional).find(([name]) => name.endsWith(`${process.platform}-${process.arch}`));
  if (own === undefined) return `podshift brings no Node for ${process.platform}-${process.arch}`;
  const specifier = own.join('@');
  return failureOf(['cache', 'add', '--prefer-offline', '--fetch-retries=1', specifier], specifier, environment);
}

/** Why npm does not do what it is asked to; undefined where it does. */
async function failureOf(args: readonly string[], specifier: string, environment: Environment): Promise<string | undefined> {
  const { code, stderr } = await run('npm', args, { environment });
  if (code === 0) return undefined;
  const [, why = tail(stderr, 1)] = /^npm error code (\S+)/m.exec(stderr) ?? [];
  return `the npm registry does not give ${specifier} (${why})`;
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
