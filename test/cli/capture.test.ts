import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { planReport } from '../../src/model/report.ts';
import { ROOT, start } from './spawn.ts';

async function folder(): Promise<string> {
  const made = await mkdtemp(join(tmpdir(), 'podshift-test-'));
  onTestFinished(() => rm(made, { recursive: true, force: true }));
  return made;
}

/** A server that takes connections and never answers; resolves `asked` at the first of them. */
async function silentServer() {
  const server = createServer();
  const asked = new Promise<void>((resolve) => server.once('connection', () => resolve()));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return { url: `http://127.0.0.1:${address.port}`, asked };
}

const KEYS = { AWS_ACCESS_KEY_ID: 'AKIAEXAMPLE', AWS_SECRET_ACCESS_KEY: 'example' };
const CLUSTER = ['--cluster', 'shop', '--region', 'eu-central-1'];

describe('podshift capture', { timeout: 300_000 }, () => {
  it('takes a snapshot of a served twin, whose plan is that of the cluster', async () => {
    const above = await folder();
    const twin = start(['cli/main.ts', 'twin', join(ROOT, 'examples/shop'), '--no-delays']);
    const all = await twin.seen('podshift plan --cluster');
    const { aws } = JSON.parse(all.split('\n')[0] ?? '') as { aws: string };
    const env = Object.fromEntries(
      [...all.matchAll(/(AWS_(?:REGION|ACCESS_KEY_ID|SECRET_ACCESS_KEY))=(\S+)/g)].map(([, name = '', value = '']) => [name, value]),
    );
    const here = { env, cwd: above };
    const main = join(ROOT, 'cli/main.ts');
    const live = await start([main, 'plan', '--cluster', 'shop', '--endpoint-url', aws, '-o', 'json'], here).ended;
    const captured = await start([main, 'capture', '--cluster', 'shop', '--endpoint-url', aws, '--out', 'my shop'], here).ended;
    expect(captured).toMatchObject({ code: 0, stdout: 'my shop\n' });
    expect(captured.stderr).toContain('captured shop (eu-central-1, Kubernetes 1.');
    expect(captured.stderr).toContain("\n  podshift plan 'my shop'\n  podshift rehearse 'my shop'\n");
    expect(captured.stderr).not.toContain('warning');
    expect(await readdir(above)).toEqual(['my shop']);

    const hashed = await start([main, 'capture', '--cluster', 'shop', '--endpoint-url', aws, '--names', 'hashed', '--out', 'report'], here)
      .ended;
    expect(hashed).toMatchObject({ code: 0, stdout: 'report\n' });
    expect(hashed.stderr.replaceAll(/\s+/g, ' ')).toContain(
      'names, account ids, addresses and free text were replaced, and the key was not kept',
    );
    const { cluster } = JSON.parse(await readFile(join(above, 'report/eks/cluster.json'), 'utf8'));
    expect(cluster.name).toMatch(/^[a-z]{4}$/);
    expect(cluster.name).not.toBe('shop');
    const unknown = await start([main, 'capture', '--cluster', 'shop', '--names', 'secret', '--out', 'other'], here).ended;
    expect(unknown).toMatchObject({ code: 2, stderr: expect.stringContaining('plain, hashed') });
    twin.process.kill('SIGTERM');
    await twin.ended;

    const again = await start([main, 'plan', 'my shop', '-o', 'json'], here).ended;
    const [one, other] = [live, again].map(({ stdout }) => planReport.parse(JSON.parse(stdout)));
    const { run, calls: _calls, promises: _promises, ...plan } = other ?? {};
    expect(one).toMatchObject(plan);
    expect(run?.digest).toBe(one?.run.digest);

    const refused = await start([main, 'capture', ...CLUSTER, '--endpoint-url', aws, '--out', 'my shop'], here).ended;
    expect(refused.code).toBe(2);
    expect(refused.stderr).toContain('--out my shop is not empty: name a folder that is empty');
  });

  it('leaves nothing behind where it is stopped', async () => {
    const above = await folder();
    const { url, asked } = await silentServer();
    const capturing = start(['cli/main.ts', 'capture', ...CLUSTER, '--endpoint-url', url, '--out', join(above, 'shop')], { env: KEYS });
    await asked;
    expect(await readdir(above)).toEqual([expect.stringMatching(/^\.shop\.capture-/)]);
    capturing.process.kill('SIGINT');
    expect(await capturing.ended).toMatchObject({ code: 130, stdout: '' });
    expect(await readdir(above)).toEqual([]);
  });

  it('says at once which host it cannot reach, gives it up, and leaves nothing behind', async () => {
    const above = await folder();
    const unreachable = ['--endpoint-url', 'http://127.0.0.1:9', '--out', join(above, 'shop')];
    const { code, stderr } = await start(['cli/main.ts', 'capture', ...CLUSTER, ...unreachable], { env: KEYS }).ended;
    expect(code).toBe(1);
    expect(stderr.replaceAll(/\s+/g, ' ')).toMatch(
      /^no connection to 127\.0\.0\.1:9: .*; trying again error PE305 .*no connection to 127\.0\.0\.1:9/,
    );
    expect(await readdir(above)).toEqual([]);
  });

  it('names a profile that is not there', async () => {
    const above = await folder();
    const argv = ['cli/main.ts', 'capture', ...CLUSTER, '--profile', 'typo', '--out', join(above, 'shop')];
    const env = { AWS_CONFIG_FILE: join(above, 'none'), AWS_SHARED_CREDENTIALS_FILE: join(above, 'none') };
    const { code, stderr } = await start(argv, { env }).ended;
    expect(code).not.toBe(0);
    expect(stderr.replaceAll(/\s+/g, ' ')).toContain('the profile "typo" is not in the AWS configuration');
  });

  it('wants a cluster, and a folder that it may make', async () => {
    const above = await folder();
    await writeFile(join(above, 'file'), '');
    const none = await start(['cli/main.ts', 'capture', '--out', join(above, 'shop')]).ended;
    expect(none).toMatchObject({ code: 2, stderr: expect.stringContaining('which cluster? give --cluster NAME and --region REGION\n') });
    const nowhere = await start(['cli/main.ts', 'capture', ...CLUSTER]).ended;
    expect(nowhere).toMatchObject({ code: 2, stderr: expect.stringContaining("required option '--out <folder>' not specified") });
    const file = await start(['cli/main.ts', 'capture', ...CLUSTER, '--out', join(above, 'file')]).ended;
    expect(file).toMatchObject({ code: 2, stderr: expect.stringMatching(/is a file, or below\s+one: name a\s+folder/) });
    expect(await readdir(above)).toEqual(['file']);
  });
});
