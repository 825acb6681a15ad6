import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { GetRoleCommand, IAMClient, UpdateAssumeRolePolicyCommand } from '@aws-sdk/client-iam';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { planComparison } from '../../src/model/plan-files/comparison.ts';
import { planFile } from '../../src/model/plan-files/file.ts';
import { planReport, runReport } from '../../src/model/report.ts';
import { podshift, ROOT, start } from './spawn.ts';

const SHOP = join(ROOT, 'examples/shop');
const ROLE = 'shop-media';

let folder = '';
let kept = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'podshift-test-'));
  kept = join(folder, 'kept.json');
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe('a plan of a snapshot that is kept in a file', () => {
  it('is whole, its owner’s alone, and the one that is printed', async () => {
    const { code, stdout, stderr } = await podshift('plan', SHOP, '-n', 'media', '--out', kept, '-o', 'json');
    expect([code, stderr]).toEqual([0, expect.stringContaining(`the plan is kept in ${kept}`)]);
    expect((await stat(kept)).mode & 0o777).toBe(0o600);
    expect(await readdir(folder)).toEqual(['kept.json']);
    const file = planFile.parse(JSON.parse(await readFile(kept, 'utf8')));
    const { run, units, roles, changes, options, findings } = planReport.parse(JSON.parse(stdout));
    expect(file).toMatchObject({ digest: run.digest, units, roles, changes, options, findings });
  });

  it('is compared: 0 where all is alike, 3 where not, with what differs', async () => {
    const same = await podshift('plan', SHOP, '--compare', kept);
    expect(same).toMatchObject({ code: 0, stdout: expect.stringContaining(': the same now\n') });
    const other = await podshift('plan', SHOP, '--compare', kept, '--keep-annotations', '-o', 'json');
    expect(other.code).toBe(3);
    expect(planComparison.parse(JSON.parse(other.stdout))).toMatchObject({
      options: [{ option: 'keepAnnotations', before: false, after: true }],
      units: { changed: ['media/thumbnails'] },
      objects: [{ object: 'ServiceAccount/media/thumbnails', field: 'removeAnnotations' }],
    });
  });

  it('is refused where it was edited', async () => {
    const edited = join(folder, 'edited.json');
    await writeFile(edited, (await readFile(kept, 'utf8')).replace('"waveSize": 500', '"waveSize": 499'));
    const { code, stderr } = await podshift('run', '--plan', edited, '--approve');
    expect([code, stderr.replaceAll(/\s+/g, ' ')]).toEqual([2, expect.stringContaining('PE110 PlanUnusable: the plan file')]);
  });
});

describe('a plan of a cluster that is kept in a file', () => {
  it('is refused while the world is another one, naming object and field, and carried out as it is where not', async () => {
    const twin = start(['cli/main.ts', 'twin', SHOP, '--no-delays']);
    const all = await twin.seen('podshift plan --cluster');
    const { aws } = JSON.parse(all.split('\n')[0] ?? '') as { aws: string };
    const env = Object.fromEntries(
      [...all.matchAll(/(AWS_(?:REGION|ACCESS_KEY_ID|SECRET_ACCESS_KEY))=(\S+)/g)].map(([, name = '', value = '']) => [name, value]),
    );
    const run = (...args: string[]) => start([join(ROOT, 'cli/main.ts'), ...args, '--endpoint-url', aws], { env, cwd: folder }).ended;
    const iam = new IAMClient({
      endpoint: aws,
      region: env.AWS_REGION ?? '',
      credentials: { accessKeyId: env.AWS_ACCESS_KEY_ID ?? '', secretAccessKey: env.AWS_SECRET_ACCESS_KEY ?? '' },
    });
    const trust = async () =>
      decodeURIComponent((await iam.send(new GetRoleCommand({ RoleName: ROLE }))).Role?.AssumeRolePolicyDocument ?? '');
    const setTrust = (document: string) => iam.send(new UpdateAssumeRolePolicyCommand({ RoleName: ROLE, PolicyDocument: document }));

    const file = join(folder, 'cluster.json');
    const times = ['--soak-seconds', '0', '--iam-propagation-seconds', '11', '--injection-interval-seconds', '1'];
    const planned = await run('plan', '--cluster', 'shop', '-n', 'media', ...times, '--out', file);
    expect(planned.code, planned.stderr).toBe(0);
    expect(planned.stderr).toContain(`  podshift run --plan ${file} --endpoint-url ${aws} --approve\n`);
    const { digest, changes } = planFile.parse(JSON.parse(await readFile(file, 'utf8')));

    const before = await trust();
    const document = JSON.parse(before) as { Statement: object[] };
    await setTrust(JSON.stringify({ ...document, Statement: document.Statement.slice(0, 1) }));
    for (const approve of [[], ['--approve']]) {
      const moved = await run('run', '--plan', file, ...approve);
      expect(moved.code, moved.stderr).toBe(3);
      expect(moved.stderr).toMatch(/^differs: Role\/arn:aws:iam::444455556666:role\/shop-media: trustBefore$/m);
      expect(moved.stderr).toContain('PE201 WorldMoved');
    }
    const compared = await run('plan', '--compare', file, '-o', 'json');
    expect(compared.code).toBe(3);
    const { objects, options } = planComparison.parse(JSON.parse(compared.stdout));
    expect(options).toEqual([]);
    expect(objects.find(({ field }) => field === 'trustBefore')).toMatchObject({
      object: `Role/arn:aws:iam::444455556666:role/${ROLE}`,
      before,
      after: await trust(),
    });

    await setTrust(before);
    const shown = await run('run', '--plan', file);
    expect(shown).toMatchObject({ code: 0, stderr: expect.stringContaining(`podshift run --plan ${file}`) });
    const carried = await run('run', '--plan', file, '--approve', '-o', 'json');
    expect(carried.code, carried.stderr).toBe(0);
    const report = runReport.parse(JSON.parse(carried.stdout));
    expect(report.run).toMatchObject({ status: 'migrated', digest });
    const change = changes.find(({ field }) => field === 'assumeRolePolicyDocument');
    expect(report.roles).toEqual([
      { roleArn: change?.object.replace('Role/', ''), trustBefore: change?.before, trustAfter: change?.after },
    ]);
    twin.process.kill('SIGTERM');
    expect((await twin.ended).code).toBe(0);
  });
});
