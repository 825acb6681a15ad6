import { execFile } from 'node:child_process';
import { copyFile, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, delimiter, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { start } from '../cli/spawn.ts';
import { findTool } from '../cluster/run.ts';
import { sayMissing } from '../contract/behaviours.ts';
import { imageInstructions } from '../support/image.ts';

const run = promisify(execFile);
const FILE = inject('packedFile');

const registry = await run('npm', ['ping', '--fetch-retries=0', '--fetch-timeout=10000']).then(
  () => undefined,
  () => 'the npm registry does not answer',
);
sayMissing('the libraries and tools of the service', registry);

describe('the packed file', () => {
  const PATH = [dirname(process.execPath), process.env.PATH].join(delimiter);
  let folder = '';
  let installed = '';
  let env: NodeJS.ProcessEnv = {};
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'podshift-elsewhere-'));
    await copyFile(FILE, join(folder, basename(FILE)));
    env = { PATH, npm_config_cache: join(folder, 'cache'), npm_config_offline: 'true', npm_config_omit: 'optional' };
    installed = join(folder, 'global');
    await run('npm', ['install', '--global', '--prefix', installed, '--no-audit', '--no-fund', `./${basename(FILE)}`], {
      cwd: folder,
      env,
    });
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  it('runs by npx without being installed', async () => {
    const { code, stdout, stderr } = await start(['--yes', `./${basename(FILE)}`, 'plan', '--help'], { program: 'npx', cwd: folder, env })
      .ended;
    expect({ code, stdout }, stderr).toEqual({ code: 0, stdout: expect.stringContaining('Usage: podshift plan') });
  });

  it('runs in any folder where it is installed globally', async () => {
    const { code, stdout, stderr } = await start(['plan', join(installed, 'lib/node_modules/podshift/examples/shop'), '-o', 'json'], {
      program: join(installed, 'bin/podshift'),
      cwd: folder,
      env,
    }).ended;
    expect(code, stderr).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ run: { cluster: 'arn:aws:eks:eu-central-1:444455556666:cluster/shop' } });
  });

  it('is a plugin of kubectl', async () => {
    const within = { ...env, PATH: [join(installed, 'bin'), PATH].join(delimiter) };
    const kubectl = await findTool('kubectl', within);
    // kubectl runs the program of that name for "kubectl podshift".
    const [program, first] = kubectl === undefined ? [join(installed, 'bin/kubectl-podshift'), []] : [kubectl, ['podshift']];
    sayMissing(
      'podshift called by kubectl, and not by its own name',
      kubectl === undefined ? 'there is no kubectl on the PATH' : undefined,
    );
    const example = join(installed, 'lib/node_modules/podshift/examples/shop');
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
