import { mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type BuildOptions, cacheFolder } from './build.ts';
import { withLock } from './lock.ts';
import { ClusterProblem } from './problem.ts';
import { findTool, isProgram, run, tail } from './run.ts';

/** A program of AWS' that is built from source where the module proxy has it. */
interface UpstreamProgram {
  readonly name: 'pod-identity-webhook' | 'pod-identity-agent';
  /** What its go.mod calls it. */
  readonly module: string;
  /** Where it is published, if elsewhere. */
  readonly publishedAs: string;
  readonly version: string;
  /** Names a binary to use instead. */
  readonly variable: string;
}

/** The pinned versions. No go.sum of the project has them; go checks both against its checksum database. A module proxy need not serve them. */
export const UPSTREAM: readonly UpstreamProgram[] = [
  {
    name: 'pod-identity-webhook',
    module: 'github.com/aws/amazon-eks-pod-identity-webhook',
    publishedAs: 'github.com/aws/amazon-eks-pod-identity-webhook',
    version: 'v0.6.8',
    variable: 'PODSHIFT_POD_IDENTITY_WEBHOOK',
  },
  {
    name: 'pod-identity-agent',
    module: 'go.amzn.com/eks/eks-pod-identity-agent',
    publishedAs: 'github.com/aws/eks-pod-identity-agent',
    version: 'v0.1.10',
    variable: 'PODSHIFT_POD_IDENTITY_AGENT',
  },
];

/** A program, or why this machine does not have it. */
export type Upstream = { readonly path: string } | { readonly missing: string };

/**
 * The program that its variable names, else the pinned one, built once. A module that the proxy refuses to serve is no
 * error: the answer says so, and the refusal is kept in the cache so that later starts do not ask again. Throws
 * {@link ClusterProblem} where the variable names no program, or the build of a served module fails.
 */
export async function findUpstream(name: UpstreamProgram['name'], options: BuildOptions): Promise<Upstream> {
  const program = UPSTREAM.find((candidate) => candidate.name === name) as UpstreamProgram;
  const given = options.environment[program.variable];
  if (given !== undefined && given !== '') {
    if (!(await isProgram(given))) {
      throw new ClusterProblem(`${program.variable} names ${given}, which is no program`, 'Name a program, or unset the variable.');
    }
    return { path: given };
  }
  const folder = join(options.cache ?? cacheFolder(options.environment), `${program.name}-${program.version}`);
  const known = await readKnown(folder, program.name);
  if (known !== undefined) {
    return known;
  }
  return withLock(
    `${folder}.lock`,
    { say: options.say, signal: options.signal },
    async () => (await readKnown(folder, program.name)) ?? build(program, folder, options),
  );
}

async function readKnown(folder: string, name: string): Promise<Upstream | undefined> {
  if ((await findTool(name, { PATH: folder })) !== undefined) {
    return { path: join(folder, name) };
  }
  try {
    return { missing: await readFile(join(folder, 'refused'), 'utf8') };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') {
      return undefined;
    }
    throw error;
  }
}

async function build(program: UpstreamProgram, folder: string, { environment, say, signal }: BuildOptions): Promise<Upstream> {
  const { name, module, publishedAs, version, variable } = program;
  const go = await findTool('go', environment);
  if (go === undefined) {
    return { missing: 'there is no "go" on the PATH' };
  }
  await mkdir(join(folder, '..'), { recursive: true });
  const draft = await mkdtemp(`${folder}.building-`);
  const source = join(draft, 'source');
  try {
    await mkdir(source);
    const replace = publishedAs === module ? '' : `replace ${module} => ${publishedAs} ${version}\n`;
    await writeFile(
      join(source, 'go.mod'),
      `module podshift/test/cluster/upstream\n\ngo 1.24.0\n\nrequire ${module} ${version}\n${replace}`,
    );
    say(`building ${name} ${version}`);
    const settings = { ...environment, CGO_ENABLED: '0', GOWORK: 'off', GOFLAGS: '' };
    const args = ['build', '-mod=mod', '-buildvcs=false', '-trimpath', '-ldflags', '-s -w', '-o', join(draft, name), module];
    const ended = await run(go, args, { cwd: source, environment: settings, signal });
    await rm(source, { recursive: true });
    if (ended.code !== 0 && !/\b(403 Forbidden|404 Not Found|410 Gone)\b/.test(ended.stderr)) {
      throw new ClusterProblem(
        `go build of ${name} ${version} ended with code ${ended.code}:\n${tail(ended.stderr)}`,
        `Check GOPROXY and the network and start again, or set ${variable} to a program that you have.`,
      );
    }
    if (ended.code !== 0) {
      const reason = `the module proxy does not serve ${publishedAs} ${version}; set ${variable} to a program of your own, or remove ${folder} to ask again`;
      await writeFile(join(draft, 'refused'), reason);
    }
    await rm(folder, { recursive: true, force: true });
    await rename(draft, folder);
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
  return (await readKnown(folder, name)) ?? { missing: `${folder} was removed meanwhile` };
}
