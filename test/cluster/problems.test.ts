import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type BuildOptions, buildModule } from './build.ts';
import { startCluster } from './cluster.ts';
import { findEtcd } from './etcd.ts';
import { markOf } from './life.ts';
import { PINNED_MODULES } from './modules.ts';
import { freePorts } from './ports.ts';
import { ClusterProblem } from './problem.ts';
import { claimFolder } from './state.ts';
import { findUpstream } from './upstream.ts';

/** Greater than any process number that Linux gives (PID_MAX_LIMIT). */
const NO_PROCESS = { pid: 4_194_305, startedAt: '1' };
const MODULE = PINNED_MODULES[1] as (typeof PINNED_MODULES)[number];

let folder: string;
let said: string[];
let started: ChildProcess[];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'podshift-test-'));
  said = [];
  started = [];
});

afterEach(async () => {
  for (const child of started) {
    child.kill('SIGKILL');
  }
  await rm(folder, { recursive: true });
});

describe('building', () => {
  test('without go it says so, and how to get it', async () => {
    await expect(buildModule(MODULE, await machine({}))).rejects.toThrow(
      /there is no "go" on the PATH[\s\S]*remedy: Install Go 1\.\d+\.\d+ or newer: from https:\/\/go\.dev\/dl/,
    );
  });

  test('a go that is too old is named with its version', async () => {
    const options = await machine({ go: 'echo go1.19.8' });
    await expect(buildModule(MODULE, options)).rejects.toThrow(/go is Go 1\.19\.8, which is too old\nremedy: Install Go/);
  });

  test('a build that fails shows the end of its output, names the log, and leaves nothing behind but that', async () => {
    const options = await machine({ go: `${VERSION}\necho "example.com/x: dial tcp: lookup failed" >&2; exit 1` });
    const problem = await buildModule(MODULE, options).catch((error: unknown) => error);
    expect(problem).toBeInstanceOf(ClusterProblem);
    expect((problem as ClusterProblem).message).toMatch(
      /^go build of nodes v[\d.]+ ended with code 1:\nexample\.com\/x: dial tcp: lookup failed\nremedy: Read the whole output in /,
    );
    expect((await readdir(options.cache)).filter((name) => !name.endsWith('.log'))).toEqual([]);
  });

  test('what was built is taken from the cache, without go', async () => {
    const built = await buildModule(MODULE, await machine({ go: GO }));
    expect(await readdir(built)).toEqual(['kwok']);
    expect(await buildModule(MODULE, await machine({}))).toBe(built);
  });

  test('two at once build once', async () => {
    const options = await machine({ go: `${VERSION}\necho built >> ${join(folder, 'builds')}; sleep 1; ${BUILD}` });
    const [first, second] = await Promise.all([buildModule(MODULE, options), buildModule(MODULE, options)]);
    expect(first).toBe(second);
    expect(await readFile(join(folder, 'builds'), 'utf8')).toBe('built\n');
    expect(said).toContainEqual(expect.stringMatching(/^waiting for process \d+, which holds the lock/));
  });

  test.each([
    ['a process that has gone', NO_PROCESS],
    ['a process whose number another one has now', { pid: process.pid, startedAt: '1' }],
  ])('the lock of %s is named and taken over', async (_, mark) => {
    const options = await machine({ go: GO });
    await writeFile(await lockFile(options), JSON.stringify(mark));
    await buildModule(MODULE, options);
    expect(said).toContainEqual(expect.stringMatching(new RegExp(`^taking over the lock .*: process ${mark.pid} has gone$`)));
    expect((await readdir(options.cache)).filter((name) => name.includes('.lock'))).toEqual([]);
  });

  test('a lock that names no process is taken over', async () => {
    const options = await machine({ go: GO });
    await writeFile(await lockFile(options), '');
    await buildModule(MODULE, options);
    expect(said).toContainEqual(expect.stringMatching(/^taking over the lock .*: it names no process$/));
  });

  test('the lock of a process that lives is respected: it is named when the patience ends', async () => {
    const { pid } = await sleeper();
    const options = { ...(await machine({ go: GO })), patience: 300 };
    const lock = await lockFile(options);
    await writeFile(lock, JSON.stringify(markOf(pid)));
    await expect(buildModule(MODULE, options)).rejects.toThrow(
      `process ${pid} holds the lock ${lock}\nremedy: Wait until it has finished, or end it with "kill ${pid}".`,
    );
    expect(await readdir(options.cache)).toEqual([lock.slice(lock.lastIndexOf('/') + 1)]);
  });

  test('an interrupted build ends the compilers too, and leaves nothing behind', async () => {
    const pidFile = join(folder, 'compiler');
    const stop = new AbortController();
    const options = {
      ...(await machine({ go: `${VERSION}\nsleep 600 & echo $! > ${pidFile}.new; mv ${pidFile}.new ${pidFile}; wait` })),
      signal: stop.signal,
    };
    const building = buildModule(MODULE, options);
    const outcome = expect(building).rejects.toThrow('interrupted by the test');
    await expect.poll(() => readFile(pidFile, 'utf8').catch(() => ''), { timeout: 30_000 }).not.toBe('');
    stop.abort(new Error('interrupted by the test'));
    await outcome;
    const compiler = Number(await readFile(pidFile, 'utf8'));
    await expect.poll(() => markOf(compiler), { timeout: 30_000 }).toBeUndefined();
    expect(await readdir(options.cache)).toEqual([]);
  });
});

describe('finding etcd', () => {
  test('one on the PATH is taken', async () => {
    const options = await machine({ etcd: 'exit 0' });
    expect(await findEtcd(options)).toBe(join(options.environment.PATH ?? '', 'etcd'));
  });

  test('without it and without apt-get it says how to get it', async () => {
    await expect(findEtcd(await machine({}))).rejects.toThrow(
      /there is no "etcd" on the PATH, and no apt-get[\s\S]*remedy: Put etcd 3\.4 or newer on the PATH: "apt-get install etcd-server"/,
    );
  });

  test('a package that cannot be fetched is told in the words of apt-get, and leaves nothing behind', async () => {
    const options = await machine({ 'apt-get': 'echo "E: Unable to locate package etcd-server" >&2; exit 100', 'dpkg-deb': 'exit 0' });
    await expect(findEtcd(options)).rejects.toThrow(
      /"apt-get download etcd-server" failed: E: Unable to locate package etcd-server\nremedy:/,
    );
    expect(await readdir(options.cache)).toEqual([]);
  });
});

describe('the programs of AWS', () => {
  test('a module that the proxy refuses is reported as missing, and asked for once', async () => {
    const refusal = `echo asked >> ${join(folder, 'asked')}; echo "reading proxy: 403 Forbidden" >&2; exit 1`;
    const options = await machine({ go: refusal });
    const missing = {
      missing: expect.stringContaining('the module proxy does not serve github.com/aws/amazon-eks-pod-identity-webhook v'),
    };
    expect(await findUpstream('pod-identity-webhook', options)).toEqual(missing);
    expect(await findUpstream('pod-identity-webhook', options)).toEqual(missing);
    expect(await readFile(join(folder, 'asked'), 'utf8')).toBe('asked\n');
  });

  test('a build that fails otherwise is a problem, and is tried again', async () => {
    const options = await machine({ go: 'echo "no space left on device" >&2; exit 1' });
    await expect(findUpstream('pod-identity-agent', options)).rejects.toThrow(
      /no space left on device\nremedy: .*PODSHIFT_POD_IDENTITY_AGENT/,
    );
    expect(await readdir(options.cache)).toEqual([]);
  });

  test('one of your own is taken; what is none is refused', async () => {
    const options = await machine({ webhook: 'exit 0' });
    const own = join(options.environment.PATH ?? '', 'webhook');
    const given = (path: string): BuildOptions => ({
      ...options,
      environment: { ...options.environment, PODSHIFT_POD_IDENTITY_WEBHOOK: path },
    });
    expect(await findUpstream('pod-identity-webhook', given(own))).toEqual({ path: own });
    await expect(findUpstream('pod-identity-webhook', given(folder))).rejects.toThrow(
      `PODSHIFT_POD_IDENTITY_WEBHOOK names ${folder}, which is no program`,
    );
  });
});

describe('starting', () => {
  test('a port in use is named before anything is built or started', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const options = await machine({});
    try {
      await expect(startCluster({ ...options, folder: join(folder, 'run'), ports: { apiServer: port } })).rejects.toThrow(
        new RegExp(`^port ${port} of 127\\.0\\.0\\.1, wanted for apiServer, is in use\nremedy: Choose another port`),
      );
      expect(await readdir(folder)).not.toContain('run');
    } finally {
      server.close();
    }
  });

  test('free ports differ, and no connection that goes out can be given one before its program listens', async () => {
    const ports = await freePorts(20);
    expect(new Set(ports).size).toBe(20);
    expect(Math.max(...ports)).toBeLessThan(32_768);
    expect(Math.min(...ports)).toBeGreaterThan(1024);
  });

  test('an etcd that ends at once is told with the end of its log, and nothing is left', async () => {
    const options = await machine({ etcd: 'echo "panic: the disk is on fire" >&2; exit 2', go: GO });
    const run = join(folder, 'run');
    await expect(startCluster({ ...options, folder: run, webhook: 'none' })).rejects.toThrow(
      /^etcd ended \(exit code 2\); the end of .*etcd\.log:\npanic: the disk is on fire\nremedy:/,
    );
    expect(await readdir(run)).toEqual(['logs']);
  });

  test('what a dead start left in the folder is named and removed', async () => {
    await leaveState({ owner: NO_PROCESS, parts: [{ name: 'etcd', ...NO_PROCESS }] });
    await writeFile(join(folder, 'server.key'), 'old');
    const claimed = await claimFolder(folder, { say });
    expect(said).toEqual([`removing what process ${NO_PROCESS.pid}, which has gone, left in ${folder}`]);
    expect((await readdir(folder)).sort()).toEqual(['cluster.json', 'logs']);
    await claimed.release();
    expect(await readdir(folder)).toEqual(['logs']);
  });

  test('a folder of a cluster that runs is refused', async () => {
    const owner = await sleeper();
    await leaveState({ owner, parts: [] });
    await expect(claimFolder(folder, { say })).rejects.toThrow(
      `a cluster already runs in ${folder}, started by process ${owner.pid}\nremedy: Use it, end it with "kill ${owner.pid}", or choose another folder.`,
    );
  });

  test('parts that outlived their start are named; with --clean they are ended', async () => {
    const part = await sleeper();
    await leaveState({ owner: NO_PROCESS, parts: [{ name: 'etcd', ...part }] });
    await expect(claimFolder(folder, { say })).rejects.toThrow(
      `an earlier start in ${folder} ended without its parts: etcd (process ${part.pid}) still run\nremedy: End them with "kill ${part.pid}", or start with --clean.`,
    );
    await claimFolder(folder, { say, clean: true });
    await expect.poll(() => markOf(part.pid), { timeout: 30_000 }).toBeUndefined();
  });

  test('a folder with other files is refused, and they stay', async () => {
    await writeFile(join(folder, 'thesis.txt'), 'precious');
    await expect(claimFolder(folder, { say })).rejects.toThrow(
      `${folder} holds other files (thesis.txt)\nremedy: Choose an empty or a new folder.`,
    );
    expect(await readdir(folder)).toEqual(['thesis.txt']);
  });
});

/** `go env GOVERSION` of a new enough go. */
const VERSION = 'if [ "$1" = env ]; then echo go1.99.0; exit 0; fi';
/** Puts a program where `go build -o FOLDER/ …` would, for each package. */
const BUILD =
  'while [ "$1" != -o ]; do shift; done; out="$2"; shift 2; for package in "$@"; do program="$out$(basename "$package")"; echo "#!/bin/sh" > "$program"; chmod +x "$program"; done';
const GO = `${VERSION}\n${BUILD}`;

/** A machine whose PATH has these programs alone, given as the body of a shell script each. */
async function machine(programs: Readonly<Record<string, string>>): Promise<BuildOptions & { readonly cache: string }> {
  const bin = await mkdtemp(join(folder, 'bin-'));
  const cache = join(folder, 'cache');
  await mkdir(cache, { recursive: true });
  for (const [name, body] of Object.entries(programs)) {
    // The scripts need the shell's usual tools; only what is looked up is kept from the machine's own.
    await writeFile(join(bin, name), `#!/bin/sh\nPATH=/usr/bin:/bin\n${body}\n`);
    await chmod(join(bin, name), 0o755);
  }
  return { environment: { PATH: bin, HOME: folder }, cache, say };
}

function say(line: string): void {
  said.push(line);
}

/** The path of the lock that {@link buildModule} takes: found out by building with a go that fails. */
async function lockFile(options: BuildOptions & { readonly cache: string }): Promise<string> {
  const { environment } = await machine({ go: `${VERSION}\nexit 1` });
  await buildModule(MODULE, { ...options, environment }).catch(() => undefined);
  const [log = ''] = await readdir(options.cache);
  await rm(join(options.cache, log));
  said.length = 0;
  return join(options.cache, log.replace(/\.log$/, '.lock'));
}

async function sleeper(): Promise<{ readonly pid: number; readonly startedAt: string }> {
  const child = spawn('sleep', ['600'], { stdio: 'ignore' });
  started.push(child);
  await once(child, 'spawn');
  const mark = markOf(child.pid ?? 0);
  if (mark === undefined) {
    throw new Error('the sleeper does not live');
  }
  return mark;
}

async function leaveState(state: unknown): Promise<void> {
  const file = join(folder, 'cluster.json');
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, JSON.stringify(state));
}
