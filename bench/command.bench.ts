import { type ChildProcess, fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { AGENT } from '../src/model/agent.ts';
import { createSystemClock } from '../twin/clock.ts';
import { snapshotFromObjects } from '../twin/snapshot.ts';
import { startTwin } from '../twin/twin.ts';
import { type ClusterSize, generateCluster } from './inventory.bench.ts';
import { atRealSize } from './real-size.ts';

/** What a process used by its own account, from its start to its end. */
export interface Usage {
  /** Of user and system time. */
  readonly cpuSeconds: number;
  /** Resident memory at its highest. */
  readonly megabytes: number;
}

/** What the command took, as users meet it. */
export interface CommandMeasure extends ClusterSize {
  /** `podshift plan` of the whole cluster. */
  readonly plan: Usage;
  /** The same for one of its service accounts. */
  readonly one: Usage;
  readonly version: Usage;
  readonly help: Usage;
}

interface Serving {
  readonly endpoint: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

const PROGRAM = fileURLToPath(new URL('../cli/podshift.js', import.meta.url));
const PRELOADED = new URL('own-usage.mjs', import.meta.url).href;

/** Processes of each command; the median of what they used counts. */
const PROCESSES = 3;

/** Calls the command as users do, against the twin of a cluster that another process serves: HTTPS, and objects of real size. */
export async function measureCommand(size: ClusterSize): Promise<CommandMeasure> {
  const child = fork(import.meta.filename, [JSON.stringify(size)], {
    execArgv: ['--max-old-space-size=4096'],
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  const home = await mkdtemp(join(tmpdir(), 'podshift-bench-'));
  try {
    const [serving] = (await once(child, 'message')) as [Serving];
    const environment = {
      PATH: process.env.PATH,
      HOME: home,
      AWS_ACCESS_KEY_ID: serving.accessKeyId,
      AWS_SECRET_ACCESS_KEY: serving.secretAccessKey,
    };
    const plan = ['plan', '--cluster', 'big', '--region', 'eu-central-1', '--endpoint-url', serving.endpoint];
    return {
      ...size,
      version: await median(['--version'], environment),
      help: await median(['--help'], environment),
      plan: await median(plan, environment),
      one: await median([...plan, '--service-account', 'team-0/app-0'], environment),
    };
  } finally {
    end(child);
    await rm(home, { recursive: true });
  }
}

function end(child: ChildProcess): void {
  child.kill('SIGKILL');
}

/** The middle one of several calls, by its CPU time. The first call of all fills the cache of compiled code, as a user's first one does. */
async function median(argv: readonly string[], environment: NodeJS.ProcessEnv): Promise<Usage> {
  const all: Usage[] = [];
  for (let index = 0; index < PROCESSES; index += 1) all.push(await call(argv, environment));
  return all.sort((a, b) => a.cpuSeconds - b.cpuSeconds)[Math.floor(PROCESSES / 2)] as Usage;
}

async function call(argv: readonly string[], environment: NodeJS.ProcessEnv): Promise<Usage> {
  const child = spawn(process.execPath, ['--import', PRELOADED, PROGRAM, ...argv], {
    env: environment,
    stdio: ['ignore', 'ignore', 'pipe', 'pipe'],
  });
  const [talk, usage, [code]] = await Promise.all([
    text(child.stderr as NodeJS.ReadableStream),
    text(child.stdio[3] as NodeJS.ReadableStream),
    once(child, 'exit') as Promise<[number]>,
  ]);
  if (code !== 0) throw new Error(`podshift ${argv.join(' ')} exited with ${code}:\n${talk}`);
  return JSON.parse(usage) as Usage;
}

/** Serves the twin of a generated cluster, whose nodes all have the agent, until the process is ended. */
async function serve(size: ClusterSize): Promise<void> {
  const { cluster, objects, roles } = generateCluster(size);
  const snapshot = snapshotFromObjects({
    cluster: {
      cluster: {
        name: cluster.name,
        arn: cluster.arn,
        version: cluster.version,
        platformVersion: cluster.platformVersion,
        status: cluster.status,
        endpoint: cluster.endpoint,
        identity: { oidc: { issuer: cluster.oidcIssuer } },
        accessConfig: { authenticationMode: cluster.authenticationMode },
      },
    },
    account: {
      RoleDetailList: roles.map(({ roleName, arn, path, trustPolicy }, index) => ({
        Path: path,
        RoleName: roleName,
        RoleId: `AROAEXAMPLE${String(index).padStart(10, '0')}`,
        Arn: arn,
        CreateDate: '2024-01-01T00:00:00Z',
        AssumeRolePolicyDocument: JSON.parse(trustPolicy) as unknown,
        Tags: [],
        AttachedManagedPolicies: [],
        RolePolicyList: [],
        InstanceProfileList: [],
      })),
      UserDetailList: [],
      GroupDetailList: [],
      Policies: [],
    },
    addons: [{ addon: { addonName: AGENT, addonVersion: 'v1.3.8-eksbuild.2', status: 'ACTIVE', clusterName: cluster.name } }],
    objects: objects.map(atRealSize),
  });
  const twin = await startTwin({ snapshot, clock: createSystemClock(), delays: { podStart: 0, podReady: 0 } });
  const nodes = twin.kubernetes.objects('Node').length;
  while (twin.kubernetes.object('DaemonSet', 'kube-system', AGENT)?.status?.numberReady !== nodes) await delay(100);
  process.send?.({ endpoint: twin.awsEndpoint, ...twin.credentials } satisfies Serving);
}

if (process.argv[1] === import.meta.filename && process.send !== undefined) await serve(JSON.parse(process.argv[2] ?? 'null'));
