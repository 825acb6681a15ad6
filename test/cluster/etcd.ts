import { mkdir, mkdtemp, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type BuildOptions, cacheFolder } from './build.ts';
import { withLock } from './lock.ts';
import { ClusterProblem } from './problem.ts';
import { findTool, run, tail } from './run.ts';

/** The Debian package that has etcd (https://packages.debian.org/etcd-server). */
const PACKAGE = 'etcd-server';
const REMEDY = `Put etcd 3.4 or newer on the PATH: "apt-get install ${PACKAGE}" on Debian, or a release of https://github.com/etcd-io/etcd/releases.`;

/**
 * The path of etcd: on the PATH, else unpacked from the Debian package into the cache. It is unpacked rather than
 * installed: that needs no root, and starts no system service. Throws {@link ClusterProblem} where neither is to be had.
 */
export async function findEtcd(options: BuildOptions): Promise<string> {
  const found = await findTool('etcd', options.environment);
  if (found !== undefined) {
    return found;
  }
  const folder = join(options.cache ?? cacheFolder(options.environment), PACKAGE);
  const binary = join(folder, 'usr', 'bin', 'etcd');
  await withLock(`${folder}.lock`, { say: options.say, signal: options.signal }, async () => {
    if ((await findTool('etcd', { PATH: join(folder, 'usr', 'bin') })) === undefined) {
      await unpack(folder, options);
    }
  });
  return binary;
}

async function unpack(folder: string, { environment, say, signal }: BuildOptions): Promise<void> {
  const [apt, dpkg] = await Promise.all([findTool('apt-get', environment), findTool('dpkg-deb', environment)]);
  if (apt === undefined || dpkg === undefined) {
    throw new ClusterProblem('there is no "etcd" on the PATH, and no apt-get to fetch its package with', REMEDY);
  }
  say(`fetching the Debian package ${PACKAGE}`);
  await mkdir(join(folder, '..'), { recursive: true });
  const draft = await mkdtemp(`${folder}.fetching-`);
  try {
    let ended = await run(apt, ['download', PACKAGE], { cwd: draft, environment, signal });
    if (ended.code !== 0 && process.getuid?.() === 0) {
      await run(apt, ['update'], { cwd: draft, environment, signal });
      ended = await run(apt, ['download', PACKAGE], { cwd: draft, environment, signal });
    }
    const file = (await readdir(draft)).find((name) => name.endsWith('.deb'));
    if (ended.code !== 0 || file === undefined) {
      throw new ClusterProblem(
        `there is no "etcd" on the PATH, and "apt-get download ${PACKAGE}" failed: ${tail(ended.stderr, 3)}`,
        REMEDY,
      );
    }
    const unpacked = await run(dpkg, ['-x', file, 'files'], { cwd: draft, environment, signal });
    if (unpacked.code !== 0) {
      throw new ClusterProblem(`${file} cannot be unpacked: ${tail(unpacked.stderr, 3)}`, REMEDY);
    }
    await rm(folder, { recursive: true, force: true });
    await rename(join(draft, 'files'), folder);
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
}
