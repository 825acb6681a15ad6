import { mkdir, mkdtemp, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { basename, join } from 'node:path';
import { withLock } from './lock.ts';
import { type ModuleState, PINNED_MODULES, type PinnedModule, readModule } from './modules.ts';
import { ClusterProblem } from './problem.ts';
import { type Environment, findTool, run, tail } from './run.ts';

/** How binaries are built, and where they are kept. */
export interface BuildOptions {
  readonly environment: Environment;
  readonly say: (line: string) => void;
  readonly signal?: AbortSignal | undefined;
  /** Default: {@link cacheFolder}. */
  readonly cache?: string | undefined;
  /** How long to wait for another build, in milliseconds. */
  readonly patience?: number;
}

/** Paths of the built programs, by name. */
export type Binaries = Readonly<Record<'kube-apiserver' | 'kube-controller-manager' | 'kube-scheduler' | 'kubectl' | 'kwok', string>>;

/** Where builds are kept: `podshift/cluster` under XDG_CACHE_HOME or `~/.cache`. */
export function cacheFolder(environment: Environment): string {
  const base = environment.XDG_CACHE_HOME;
  return join(base === undefined || base === '' ? join(environment.HOME ?? homedir(), '.cache') : base, 'podshift', 'cluster');
}

/**
 * All programs of {@link PINNED_MODULES}, from the cache or built into it: minutes the first time, nothing later. Two at
 * once wait for each other; a build that ends half-way leaves nothing behind. Throws {@link ClusterProblem} where Go is
 * missing or too old, or a build fails.
 */
export async function buildBinaries(options: BuildOptions): Promise<Binaries> {
  const paths: Record<string, string> = {};
  for (const module of PINNED_MODULES) {
    const folder = await buildModule(module, options);
    for (const name of module.packages.map((path) => basename(path))) {
      paths[name] = join(folder, name);
    }
  }
  return paths as Binaries;
}

/** The folder of one module's binaries. */
export async function buildModule(module: PinnedModule, options: BuildOptions): Promise<string> {
  const cache = options.cache ?? cacheFolder(options.environment);
  const state = await readModule(module, `${process.platform}/${process.arch}`);
  const folder = join(cache, `${module.name}-${state.version}-${state.fingerprint}`);
  if (await isComplete(folder, module)) {
    return folder;
  }
  const { say, signal } = options;
  await withLock(`${folder}.lock`, { say, signal, ...(options.patience === undefined ? {} : { patience: options.patience }) }, async () => {
    // Whoever held the lock may have built it.
    if (!(await isComplete(folder, module))) {
      await build(module, state, folder, options);
    }
  });
  return folder;
}

/** Whether all programs are in the cache. */
export async function builtAlready(cache: string): Promise<boolean> {
  const complete = await Promise.all(
    PINNED_MODULES.map(async (module) => {
      const state = await readModule(module, `${process.platform}/${process.arch}`);
      return isComplete(join(cache, `${module.name}-${state.version}-${state.fingerprint}`), module);
    }),
  );
  return complete.every((one) => one);
}

async function isComplete(folder: string, module: PinnedModule): Promise<boolean> {
  const names = new Set(
    await readdir(folder).catch((error: NodeJS.ErrnoException) => (error.code === 'ENOENT' ? [] : Promise.reject(error))),
  );
  return module.packages.every((path) => names.has(basename(path)));
}

async function build(module: PinnedModule, state: ModuleState, folder: string, { environment, say, signal }: BuildOptions): Promise<void> {
  const go = await findGo(state.goVersion, environment, signal);
  const nice = await findTool('nice', environment);
  await mkdir(join(folder, '..'), { recursive: true });
  const draft = await mkdtemp(`${folder}.building-`);
  const started = Date.now();
  say(`building ${module.name} ${state.version} (${module.packages.map((path) => basename(path)).join(', ')}): minutes, this once`);
  try {
    const build = [
      go,
      'build',
      '-mod=readonly',
      '-buildvcs=false',
      '-trimpath',
      '-ldflags',
      state.linkerFlags,
      '-o',
      `${draft}/`,
      ...module.packages,
    ];
    const [command = go, ...args] = nice === undefined ? build : [nice, '-n', '10', ...build];
    // A go.work or GOFLAGS of the user's would build something else.
    const settings = { ...environment, CGO_ENABLED: '0', GOWORK: 'off', GOFLAGS: '' };
    const ended = await run(command, args, { cwd: module.folder, environment: settings, signal });
    if (ended.code !== 0) {
      const log = `${folder}.log`;
      await writeFile(log, ended.stderr);
      throw new ClusterProblem(
        `go build of ${module.name} ${state.version} ended with code ${ended.code}:\n${tail(ended.stderr)}`,
        `Read the whole output in ${log}. Where a download failed, check GOPROXY ("go env GOPROXY") and the network; where memory or disk ran out, free some; then start again.`,
      );
    }
    await rm(folder, { recursive: true, force: true });
    await rename(draft, folder);
    say(`built ${module.name} ${state.version} in ${Math.round((Date.now() - started) / 1000)} s`);
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
}

/** Go on the PATH, or where its own installer puts it. */
async function findGo(least: string, environment: Environment, signal: AbortSignal | undefined): Promise<string> {
  const how = `Install Go ${least} or newer: from https://go.dev/dl, or your system's package ("apt-get install golang-go" on Debian where it is new enough), and put its bin folder on the PATH.`;
  const go = await findTool('go', environment);
  if (go === undefined) {
    throw new ClusterProblem('there is no "go" on the PATH; the control plane is built from source', how);
  }
  const answer = await run(go, ['env', 'GOVERSION'], { environment, signal });
  const found = answer.stdout.trim().replace(/^go/, '');
  if (answer.code !== 0 || found === '') {
    throw new ClusterProblem(`${go} does not tell its version: ${tail(answer.stderr, 3)}`, how);
  }
  // A Go of 1.21 or newer may fetch a newer toolchain itself, so only those before are refused here; "go build" says the rest.
  if (found.localeCompare('1.21', 'en', { numeric: true }) < 0) {
    throw new ClusterProblem(`${go} is Go ${found}, which is too old`, how);
  }
  return go;
}
