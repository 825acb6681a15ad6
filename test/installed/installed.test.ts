import { execFile } from 'node:child_process';
import { copyFile, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, delimiter, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { type Ended, type Running, start } from '../cli/spawn.ts';
import { findTool } from '../cluster/run.ts';
import { sayMissing } from '../contract/behaviours.ts';
import { exportedBy } from '../support/exported.ts';
import { imageInstructions } from '../support/image.ts';
import { findNode, NODES } from './nodes.ts';

const run = promisify(execFile);
const FILE = inject('packedFile');

const found = await Promise.all(
  NODES.map(async (node) => ({ ...node, ...(await findNode(node.version, process.env, (line) => process.stderr.write(`${line}\n`))) })),
);

for (const node of found) {
  sayMissing(`the package on Node ${node.version}`, 'missing' in node ? node.missing : undefined);

  describe.skipIf('missing' in node)(`podshift of the packed file, in an empty folder, on Node ${node.version}`, () => {
    const PATH = ['bin' in node ? node.bin : '', process.env.PATH].join(delimiter);
    let folder = '';

    beforeAll(async () => {
      folder = await mkdtemp(join(tmpdir(), 'podshift-installed-'));
      await writeFile(join(folder, 'package.json'), '{"private": true}');
      // Where podshift needs no Node of its own, nothing may come from elsewhere.
      const how = node.byItsOwn ? ['--prefer-offline'] : ['--offline', '--omit=optional'];
      await run('npm', ['install', '--no-audit', '--no-fund', ...how, FILE], { cwd: folder, env: { ...process.env, PATH } });
      const own = (await readdir(join(folder, 'node_modules'))).some((name) => name.startsWith('node-'));
      expect(own).toBe(node.byItsOwn);
    });
    afterAll(() => rm(folder, { recursive: true, force: true }));

    const npx = (args: readonly string[], env: NodeJS.ProcessEnv = {}): Running =>
      start(['--no-install', 'podshift', ...args], { program: 'npx', cwd: folder, env: { PATH, ...env } });

    it('runs the demo', async () => {
      const { code, stdout, stderr } = await npx(['demo']).ended;
      expect(code, stderr).toBe(0);
      expect(stdout).toContain('promises  credential gap 0 s; nobody else gained a role; nothing else changed');
    });

    it('captures a cluster, rehearses it, migrates it while another process looks, and takes it back', async () => {
      const example = join(folder, 'node_modules/podshift/examples/shop');
      // A program that goes on is started as npx does it, and gets its signals itself.
      const twin = start(['twin', example, '--no-delays'], {
        program: join(folder, 'node_modules/.bin/podshift'),
        cwd: folder,
        env: { PATH },
      });
      const env = exportedBy(await twin.seen('podshift plan --cluster'));
      const cluster = ['--cluster', 'shop', '--region', 'eu-central-1'];

      const chosen = ['-n', 'media', '--soak-seconds', '10', '--iam-propagation-seconds', '1', '--injection-interval-seconds', '1'];

      const captured = await npx(['capture', ...cluster, '--out', 'shop'], env).ended;
      expect([captured.stdout, captured.code], captured.stderr).toEqual(['shop\n', 0]);
      const rehearsed = answer(await npx(['rehearse', 'shop', ...chosen, '-o', 'json']).ended);
      expect(rehearsed).toMatchObject({
        run: { status: 'migrated' },
        promises: { credentialGapSeconds: 0, widenedPrincipals: [], foreignWrites: 0 },
      });
      const planned = answer(await npx(['plan', ...cluster, ...chosen, '-o', 'json'], env).ended);
      expect(planned.run).toMatchObject({ status: 'planned', digest: rehearsed.run.digest });

      const approved = ['--approve', '--digest', planned.run.digest];
      const migrating = npx(['run', ...cluster, ...chosen, ...approved, '-o', 'json'], env);
      await migrating.seen('written: add-on');
      const during = await npx(['status']).ended;
      const migrated = answer(await migrating.ended);
      expect(migrated).toMatchObject({ run: { status: 'migrated' }, units: [{ serviceAccount: 'thumbnails', status: 'migrated' }] });
      expect(during).toMatchObject({ code: 0, stdout: expect.stringMatching(new RegExp(`${migrated.run.id} .*wave 1 of 1`)) });

      const undone = answer(await npx(['rollback', migrated.run.id, '--approve', '-o', 'json'], env).ended);
      expect(undone).toMatchObject({ run: { id: migrated.run.id, status: 'rolled-back' } });
    });
  });
}

const registry = await run('npm', ['ping', '--fetch-retries=0', '--fetch-timeout=10000']).then(
  () => undefined,
  () => 'the npm registry does not answer',
);
sayMissing('the libraries and tools of the service', registry);

describe('the packed file', () => {
  const PATH = [dirname(process.execPath), process.env.PATH].join(delimiter);
  let folder = '';
  let env: NodeJS.ProcessEnv = {};
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'podshift-elsewhere-'));
    await copyFile(FILE, join(folder, basename(FILE)));
    env = { PATH, npm_config_cache: join(folder, 'cache'), npm_config_offline: 'true', npm_config_omit: 'optional' };
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  it('runs by npx without being installed', async () => {
    const { code, stdout, stderr } = await start(['--yes', `./${basename(FILE)}`, 'plan', '--help'], { program: 'npx', cwd: folder, env })
      .ended;
    expect({ code, stdout }, stderr).toEqual({ code: 0, stdout: expect.stringContaining('Usage: podshift plan') });
  });

  it('installs globally, and runs in any folder', async () => {
    const prefix = join(folder, 'global');
    await run('npm', ['install', '--global', '--prefix', prefix, '--no-audit', '--no-fund', `./${basename(FILE)}`], { cwd: folder, env });
    const { code, stdout, stderr } = await start(['plan', join(prefix, 'lib/node_modules/podshift/examples/shop'), '-o', 'json'], {
      program: join(prefix, 'bin/podshift'),
      cwd: folder,
      env,
    }).ended;
    expect(code, stderr).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ run: { cluster: 'arn:aws:eks:eu-central-1:444455556666:cluster/shop' } });
  });

  it('is a plugin of kubectl', async () => {
    const prefix = join(folder, 'plugin');
    await run('npm', ['install', '--global', '--prefix', prefix, '--no-audit', '--no-fund', `./${basename(FILE)}`], { cwd: folder, env });
    const within = { ...env, PATH: [join(prefix, 'bin'), PATH].join(delimiter) };
    const kubectl = await findTool('kubectl', within);
    // kubectl runs the program of that name for "kubectl podshift".
    const [program, first] = kubectl === undefined ? [join(prefix, 'bin/kubectl-podshift'), []] : [kubectl, ['podshift']];
    sayMissing(
      'podshift called by kubectl, and not by its own name',
      kubectl === undefined ? 'there is no kubectl on the PATH' : undefined,
    );
    const example = join(prefix, 'lib/node_modules/podshift/examples/shop');
    const { code, stdout, stderr } = await start([...first, 'plan', example, '-n', 'media'], { program, cwd: folder, env: within }).ended;
    expect({ code, stdout }, stderr).toEqual({ code: 0, stdout: expect.stringContaining('media/thumbnails') });
  });

  it('is what the image installs', async () => {
    const [install = ''] = (await imageInstructions()).flatMap(({ name, text }) =>
      name === 'RUN' && text.startsWith('npm ') ? [text] : [],
    );
    const here = install.replaceAll('/opt/podshift', join(folder, 'image')).replaceAll('/packed/', `${folder}/`);
    await run('sh', ['-ec', here], { cwd: folder, env });
    const program = join(folder, 'image/bin/podshift');
    const { code, stdout, stderr } = await start(['--help'], { program, cwd: folder, env }).ended;
    expect({ code, stdout }, stderr).toEqual({ code: 0, stdout: expect.stringContaining('Usage: podshift') });
  });

  it.skipIf(registry !== undefined)('writes the folder of the service, which npm and the framework package by themselves', async () => {
    const { stdout, stderr } = await start(['--yes', `./${basename(FILE)}`, 'service', '--out', 'service'], {
      program: 'npx',
      cwd: folder,
      env,
    }).ended;
    expect(stdout, stderr).toBe('service\n');
    const inside = { cwd: join(folder, 'service'), env: { ...process.env, PATH } };
    await run('npm', ['ci', '--prefer-offline', '--no-audit', '--no-fund'], inside);
    await run('npx', ['osls', 'package', '--stage', 'test', '--region', 'eu-central-1'], inside);
    const template = await readFile(join(folder, 'service/.serverless/cloudformation-template-update-stack.json'), 'utf8');
    expect(Object.keys(JSON.parse(template).Resources)).toEqual(
      expect.arrayContaining(['OpenRunLambdaFunction', 'MigrateCluster', 'JournalTable', 'HttpApi']),
    );
  });
});

interface Report {
  readonly run: { readonly id: string; readonly status: string; readonly digest: string };
}

/** The report that a command printed. Throws what it said where it printed none. */
function answer({ stdout, stderr }: Ended): Report {
  if (stdout === '') throw new Error(stderr);
  return JSON.parse(stdout) as Report;
}
