import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import { type RequestOptions, request } from 'node:https';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { type Ended, passingFor, ROOT, start } from '../cli/spawn.ts';
import { type Packaged, packageService } from '../support/package-service.ts';
import { packaged } from '../support/packaged.ts';

const run = promisify(execFile);

/** The Node of these tests before any other, as npm and the package's first line look for it. */
const PATH = `${dirname(process.execPath)}:${process.env.PATH}`;

let packed = '';
let folder = '';
let launcher = '';
let example = '';

beforeAll(async () => {
  packed = await mkdtemp(join(tmpdir(), 'podshift-packed-'));
  folder = await mkdtemp(join(tmpdir(), 'podshift-installed-'));
  const env = { ...process.env, PATH };
  await run('npm', ['pack', '--silent', '--pack-destination', packed], { cwd: ROOT, env });
  const [tgz = ''] = await readdir(packed);
  await writeFile(join(folder, 'package.json'), '{"name": "elsewhere", "private": true}');
  // Nothing may come from elsewhere but the Node that is left out here.
  await run('npm', ['install', '--offline', '--omit=optional', '--no-audit', '--no-fund', join(packed, tgz)], { cwd: folder, env });
  const installed = join(folder, 'node_modules/podshift');
  launcher = join(installed, 'cli/podshift.js');
  example = join(installed, 'examples/shop');
});
afterAll(() => Promise.all([packed, folder].map((path) => rm(path, { recursive: true, force: true }))));

/** podshift of the package. */
function podshift(args: readonly string[], env: NodeJS.ProcessEnv = {}): ReturnType<typeof start> {
  return start([launcher, ...args], { cwd: folder, env: { PATH, ...env } });
}

const answer = <T>({ code, stdout, stderr }: Ended): T => {
  if (code !== 0) throw new Error(stderr);
  return JSON.parse(stdout) as T;
};

interface Report {
  readonly run: { readonly id: string; readonly status: string; readonly digest: string };
  readonly units: readonly { readonly serviceAccount: string; readonly status: string }[];
}

describe('the package that npm pack makes', () => {
  it('is small, and brings nothing but itself', async () => {
    const [tgz = ''] = await readdir(packed);
    expect((await stat(join(packed, tgz))).size).toBeLessThan(15 * 1024 * 1024);
    expect((await readdir(join(folder, 'node_modules'))).filter((name) => !name.startsWith('.'))).toEqual(['podshift']);
    expect((await readdir(join(folder, 'node_modules/podshift'))).sort()).toEqual([
      'CHANGELOG.md',
      'Dockerfile',
      'LICENSE',
      'README.md',
      'cli',
      'dist',
      'docs',
      'examples',
      'functions',
      'infra',
      'node_modules',
      'package.json',
      'serverless.yml',
      'src',
      'statemachine',
      'tsconfig.json',
    ]);
  });

  it('says its version, and the commit that it was made of', async () => {
    const [{ stdout }, checkout] = await Promise.all([
      run('npx', ['--no-install', 'podshift', '--version'], { cwd: folder, env: { ...process.env, PATH } }),
      start(['cli/main.ts', '--version']).ended,
    ]);
    expect(stdout).toMatch(/^\d+\.\d+\.\d+ \([0-9a-f]{12}(-dirty)?\)\n$/);
    expect(stdout).toBe(checkout.stdout);
  });

  it('brings the pages that explain codes, and the schemas of what it prints', async () => {
    const { codes } = answer<{ codes: { code: string }[] }>(await podshift(['explain', 'PS305', 'pe301', '-o', 'json']).ended);
    expect(codes.map(({ code }) => code)).toEqual(['PS305', 'PE301']);
    const schemas = await readdir(join(folder, 'node_modules/podshift/docs/schemas'));
    expect(schemas).toEqual(await readdir(join(ROOT, 'docs/schemas')));
  });

  it('runs on the Node of its optional dependency where the one at hand is too old', async () => {
    const own = join(folder, `node_modules/node-${process.platform}-${process.arch}`);
    const plan = (): Promise<Ended> =>
      start([...passingFor({ node: '20.20.2' }), launcher, 'plan', example, '-n', 'media'], { cwd: folder }).ended;
    const without = await plan();
    await mkdir(join(own, 'bin'), { recursive: true });
    await writeFile(join(own, 'package.json'), '{}');
    await symlink(process.execPath, join(own, 'bin/node'));
    const withIt = await plan().finally(() => rm(own, { recursive: true }));
    expect(without).toMatchObject({ code: 1, stderr: expect.stringContaining('Install podshift again without --omit=optional') });
    expect(withIt).toMatchObject({ code: 0, stdout: expect.stringContaining('media/thumbnails') });
  });

  it('ends the demo as its plan said', async () => {
    const { code, stdout, stderr } = await podshift(['demo']).ended;
    expect(code, stderr).toBe(0);
    expect(stdout).toContain('promises  credential gap 0 s; nobody else gained a role; nothing else changed');
  });

  it('plans and rehearses a snapshot as the checkout does', async () => {
    const selected = ['-n', 'media', '-o', 'json'];
    const [planned, rehearsed, checkout] = await Promise.all([
      podshift(['plan', example, ...selected]).ended,
      podshift(['rehearse', example, ...selected]).ended,
      start(['cli/main.ts', 'plan', 'examples/shop', ...selected]).ended,
    ]);
    const { digest } = answer<Report>(checkout).run;
    expect(answer<Report>(planned).run.digest).toBe(digest);
    expect(answer<Report>(rehearsed).run).toMatchObject({ status: 'migrated', digest });
  });

  it('migrates a cluster, shows the run to another process meanwhile, and takes it back', async () => {
    const twin = podshift(['twin', example, '--no-delays']);
    const all = await twin.seen('podshift plan --cluster');
    const [, aws = ''] = /AWS_ENDPOINT_URL=(\S+)/.exec(all) ?? [];
    const env = Object.fromEntries(
      [...all.matchAll(/(AWS_(?:REGION|ACCESS_KEY_ID|SECRET_ACCESS_KEY))=(\S+)/g)].map(([, name = '', value = '']) => [name, value]),
    );
    const quick = ['--soak-seconds', '0', '--iam-propagation-seconds', '1', '--injection-interval-seconds', '1'];
    const flags = ['--cluster', 'shop', '-n', 'media', '--endpoint-url', aws];

    const migrating = podshift(['run', ...flags, ...quick, '--approve', '-o', 'json'], env);
    await migrating.seen('written: add-on');
    const during = answer<{ runs: { id: string; status: string }[] }>(await podshift(['status', '-o', 'json']).ended);
    const migrated = answer<Report>(await migrating.ended);
    expect(during.runs).toEqual([expect.objectContaining({ id: migrated.run.id, status: 'running' })]);
    expect(migrated).toMatchObject({ run: { status: 'migrated' }, units: [{ serviceAccount: 'thumbnails', status: 'migrated' }] });

    const undone = await podshift(['rollback', migrated.run.id, '--endpoint-url', aws, '--approve', '-o', 'json'], env).ended;
    expect(answer<Report>(undone).run.status).toBe('rolled-back');
  });

  it('writes the folder of the service, of which the framework packages what it packages of the checkout', async () => {
    const { code, stdout, stderr } = await podshift(['service', '--out', 'my service']).ended;
    expect([code, stdout], stderr).toEqual([0, 'my service\n']);
    expect(stderr).toContain("\n  cd 'my service' && npm ci\n");
    const service = join(folder, 'my service');
    // In the place of npm ci: test/installed has that.
    await symlink(join(ROOT, 'node_modules'), join(service, 'node_modules'));
    const [ofCheckout, ofFolder] = await Promise.all([packaged(), packageService(join(folder, 'packaged'), [], service)]);
    expect(deployed(ofFolder)).toEqual(deployed(ofCheckout));

    const again = await podshift(['service', '--out', 'my service']).ended;
    expect(again).toMatchObject({ code: 2, stdout: '', stderr: expect.stringContaining('--out my service is not empty') });
  });

  it("serves the Kubernetes API's schemas to who has its kubeconfig, without the client library that has them", async () => {
    const twin = podshift(['twin', example, '--no-delays']);
    const { kubeconfig } = JSON.parse((await twin.seen('podshift plan --cluster')).split('\n')[0] ?? '') as { kubeconfig: string };
    const { clusters, users } = parse(await readFile(kubeconfig, 'utf8')) as Kubeconfig;
    const [{ cluster } = never(), { user } = never()] = [clusters[0], users[0]];
    const plugin = await run(user.exec.command, user.exec.args, {
      env: Object.fromEntries(user.exec.env.map(({ name, value }) => [name, value])),
    });
    const { token } = (JSON.parse(plugin.stdout) as { status: { token: string } }).status;
    const ca = Buffer.from(cluster['certificate-authority-data'], 'base64');
    const response = await get(`${cluster.server}/openapi/v3/apis/apps/v1`, { ca, headers: { authorization: `Bearer ${token}` } });
    expect(JSON.parse(response)).toMatchObject({
      components: { schemas: { 'io.k8s.api.v1.Deployment': { properties: { spec: expect.anything() } } } },
    });
  });
});

/** What would be deployed, but for the time at which it was packaged. The versions of functions have the hashes of their archives. */
function deployed({ template }: Packaged): unknown {
  return JSON.parse(JSON.stringify(template).replaceAll(/\d{13}-\d{4}-\d\d-\d\dT[\d:.]+Z/g, 'TIME'));
}

interface Kubeconfig {
  readonly clusters: readonly { readonly cluster: { readonly server: string; readonly 'certificate-authority-data': string } }[];
  readonly users: readonly {
    readonly user: { readonly exec: { command: string; args: string[]; env: readonly { name: string; value: string }[] } };
  }[];
}

function never(): never {
  throw new Error('the kubeconfig is empty');
}

async function get(url: string, options: RequestOptions): Promise<string> {
  const [response] = (await once(request(url, options).end(), 'response')) as [IncomingMessage];
  return text(response);
}
