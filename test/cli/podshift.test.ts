import { access, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { planReport, runReport, scanReport } from '../../src/model/report.ts';
import { podshift, ROOT, start } from './spawn.ts';

const SHOP = join(ROOT, 'examples/shop');
const HELD = ['partners/feeds', 'reports/figures', 'shop/gift-cards', 'shop/mailroom'];

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'podshift-test-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe('on a twin', () => {
  it('demo migrates the example as its plan says, tells it on stderr, and exits with 0', async () => {
    const { code, stdout, stderr } = await podshift('demo');

    expect(code).toBe(0);
    expect(stdout).toContain('10 migrated, 4 blocked');
    expect(stdout).toContain('promises  credential gap 0 s; nobody else gained a role; nothing else changed');
    // A pipe has no width: what belongs together stands in one line, so that grep finds it.
    expect(stdout).toMatch(/^run \w+ on shop \(eu-central-1, account 444455556666\): migrated$/m);
    expect(stdout).toMatch(/^kube-system\/efs-csi-controller-sa .* migrated$/m);
    for (const line of stderr.split('\n')) expect(line.length, line).toBeLessThanOrEqual(80);
    expect(stderr).toMatch(/\+0:45 {2}shop\/storefront +associating/);
    expect(stderr).toContain('What happened:');
    expect(stderr).not.toMatch(/warning|experimental/i);
    expect(stdout + stderr).not.toContain('\u001B');
  });

  it('rehearse prints the whole report as JSON, and exits with 4 where units are held', async () => {
    const { code, stdout } = await podshift('rehearse', SHOP, '-o', 'json');

    expect(code).toBe(4);
    const report = runReport.parse(JSON.parse(stdout));
    expect(report.run).toMatchObject({ status: 'migrated', cluster: 'arn:aws:eks:eu-central-1:444455556666:cluster/shop' });
    expect(report.units.filter((unit) => unit.status === 'held').map((unit) => `${unit.namespace}/${unit.serviceAccount}`)).toEqual(HELD);
    expect(report.promises).toEqual({ credentialGapSeconds: 0, widenedPrincipals: [], foreignWrites: 0 });
    for (const unit of report.units.filter((one) => one.status === 'migrated')) {
      // grade 3 says whether CloudTrail saw it in use, which nobody can wait for; 1 and 2 are what the annotation went on
      for (const grade of [1, 2]) expect(unit.evidence.filter((proof) => proof.grade === grade && proof.passed)).not.toEqual([]);
      expect(unit.evidence.every((proof) => proof.passed || proof.grade === 3)).toBe(true);
    }
  });

  it('plan says what would happen, the same each time, and exits with 0', async () => {
    const options = join(folder, 'options.yaml');
    await writeFile(options, 'namespaces: [media]\nwaveSize: 3\n');
    const [first, second] = await Promise.all([
      podshift('plan', SHOP, '-o', 'json', '--options', options),
      podshift('plan', '--snapshot', SHOP, '-o', 'json', '-n', 'media', '--wave-size', '3'),
    ]);

    expect([first.code, second.code]).toEqual([0, 0]);
    const report = planReport.parse(JSON.parse(first.stdout));
    expect(report.units.map((unit) => unit.serviceAccount)).toEqual(['thumbnails']);
    expect(planReport.parse(JSON.parse(second.stdout)).run.digest).toBe(report.run.digest);
    expect(first.stderr).toContain('(plan) would migrate 1 service account and change 1 trust policy');
  });

  it('scan tells who gets which role today', async () => {
    const { code, stdout } = await podshift('scan', SHOP, '-o', 'yaml');

    expect(code).toBe(0);
    const scan = scanReport.parse(parse(stdout));
    expect(scan.serviceAccounts).toHaveLength(14);
    expect(scan.legacy.map((one) => one.subject)).toEqual(['DaemonSet/kube-system/kube2iam', 'Deployment/warehouse/label-printer']);
  });
});

describe('an interrupt', () => {
  it('ends a rehearsal, with 130', async () => {
    const rehearsal = start(['cli/main.ts', 'rehearse', SHOP]);
    await rehearsal.seen('restarting workloads');
    rehearsal.process.kill('SIGINT');
    expect(await rehearsal.ended).toMatchObject({
      code: 130,
      stdout: '',
      stderr: expect.stringContaining('interrupted; nothing was changed'),
    });
  });
});

describe('a served twin', () => {
  it('takes a plan and an interrupted run, which resumes, reports and rolls back; then it leaves nothing behind', async () => {
    const twin = start(['cli/main.ts', 'twin', SHOP, '--no-delays']);
    const all = await twin.seen('podshift plan --cluster');
    const { aws, kubeconfig } = JSON.parse(all.split('\n')[0] ?? '') as { aws: string; kubeconfig: string };
    expect((await stat(kubeconfig)).mode & 0o777).toBe(0o600);
    const { users } = parse(await readFile(kubeconfig, 'utf8')) as {
      users: { user: { exec: { command: string; args: string[]; env: { name: string; value: string }[] } } }[];
    };
    const plugin = users[0]?.user.exec;
    const token = await start(plugin?.args ?? [], { env: Object.fromEntries((plugin?.env ?? []).map(({ name, value }) => [name, value])) })
      .ended;
    expect(JSON.parse(token.stdout)).toMatchObject({ kind: 'ExecCredential', status: { token: expect.stringMatching(/^k8s-aws-v1\./) } });

    const env = Object.fromEntries(
      [...all.matchAll(/(AWS_(?:REGION|ACCESS_KEY_ID|SECRET_ACCESS_KEY))=(\S+)/g)].map(([, name = '', value = '']) => [name, value]),
    );
    const run = (...args: string[]) => start([join(ROOT, 'cli/main.ts'), ...args, '--endpoint-url', aws], { env, cwd: folder });
    const flags = [
      '--cluster',
      'shop',
      '-n',
      'media',
      '--soak-seconds',
      '0',
      '--iam-propagation-seconds',
      '11',
      '--injection-interval-seconds',
      '1',
    ];

    const planned = await run('run', ...flags).ended;
    expect(planned.code).toBe(0);
    expect(planned.stderr).toContain('nothing was changed; run again with --approve:');
    const digest = /--digest (\w{64})/.exec(planned.stderr)?.[1] ?? '';
    const refused = await run('run', ...flags, '--approve', '--digest', 'f'.repeat(64)).ended;
    expect(refused).toMatchObject({ code: 3, stderr: expect.stringContaining('PE201 WorldMoved') });

    /** Runs a command as it was printed: nothing is added to it. */
    const copied = (text: string, words: string, ...more: string[]) => {
      const line = new RegExp(`podshift (${words}.*)$`, 'm').exec(text)?.[1] ?? 'no such command was printed';
      return start([join(ROOT, 'cli/main.ts'), ...line.split(' '), ...more], { env, cwd: folder });
    };
    const interrupted = copied(planned.stderr, 'run ');
    await interrupted.seen('written: add-on');
    // as a terminal, npm and the launcher pass one key press on
    interrupted.process.kill('SIGINT');
    interrupted.process.kill('SIGINT');
    const stopped = await interrupted.ended;
    expect(stopped.code).toBe(130);
    const runId = /podshift run --local --resume (\w+)/.exec(stopped.stderr)?.[1] ?? '';
    expect(stopped.stderr).toContain(`podshift rollback ${runId} --endpoint-url ${aws} --approve`);

    const resumed = await copied(stopped.stderr, 'run --local --resume ', '-o', 'json').ended;
    expect(resumed.code, resumed.stderr).toBe(0);
    expect(resumed.stderr.replaceAll(/\s+/g, ' ')).toContain(`can be rolled back, is in ${join(folder, 'state/podshift')}`);
    const report = runReport.parse(JSON.parse(resumed.stdout));
    expect(report).toMatchObject({
      run: { id: runId, status: 'migrated', digest },
      units: [{ serviceAccount: 'thumbnails', status: 'migrated' }],
      promises: null,
    });

    const listed = await start([join(ROOT, 'cli/main.ts'), 'status', '-o', 'json'], { cwd: folder }).ended;
    expect(JSON.parse(listed.stdout)).toMatchObject({
      kind: 'RunList',
      runs: expect.arrayContaining([expect.objectContaining({ id: runId, status: 'migrated' })]),
    });
    const reported = await start([join(ROOT, 'cli/main.ts'), 'report', runId, '-o', 'markdown'], { cwd: folder }).ended;
    expect(reported.stdout).toContain(`# Run \`${runId}\`: migrated`);

    const wouldUndo = await run('rollback', runId).ended;
    expect(wouldUndo).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^association +ServiceAccount\/media\/thumbnails +media\/thumbnails$/m),
      stderr: expect.stringContaining('(plan) would restore 5 changes, newest first'),
    });
    const wrong = await run('rollback', runId, '--unit', 'media/thumbnail').ended;
    expect(wrong).toMatchObject({ code: 2, stderr: expect.stringContaining('"media/thumbnails"?') });
    const undone = await copied(wouldUndo.stderr, 'rollback ', '-o', 'json').ended;
    expect(undone.code, undone.stderr).toBe(0);
    const after = runReport.parse(JSON.parse(undone.stdout));
    expect(after.run.status).toBe('rolled-back');
    expect(after.roles.every((role) => role.trustAfter === role.trustBefore)).toBe(true);

    twin.process.kill('SIGTERM');
    expect((await twin.ended).code).toBe(0);
    await expect(access(kubeconfig)).rejects.toThrow('ENOENT');
  });
});

describe('errors', () => {
  it.each([
    ['an unknown command', ['rnu'], 2, /PE101 UsageError: unknown command 'rnu'; did you mean run\?/],
    ['an unknown flag', ['run', '--aprove'], 2, /unknown option '--aprove'; did you mean --approve\?/],
    ['a value of the wrong kind', ['plan', SHOP, '--wave-size', 'many'], 2, /--wave-size takes a whole number, not "many"/],
    ['a value out of range', ['plan', SHOP, '--wave-size', '501'], 2, /--wave-size \(waveSize\): must be at most 500/],
    ['a format that does not exist', ['plan', SHOP, '-o', 'xml'], 2, /Allowed choices are table, wide, json/],
    ['no cluster', ['plan'], 2, /which cluster\? give --cluster NAME/],
    ['no region', ['plan', '--cluster', 'shop'], 2, /which region\? give --region/],
    ['a cluster and a snapshot', ['plan', SHOP, '--cluster', 'shop'], 2, /not both/],
    ['a snapshot that is not there', ['rehearse', '/nowhere'], 2, /PE102 SnapshotUnreadable: \/nowhere: there is no such folder/],
    ['an options file that is not there', ['plan', SHOP, '--options', '/nowhere.yaml'], 2, /cannot be read \(ENOENT\)/],
    ['a run that is not there', ['report', 'nope', '--journal', '/nowhere'], 2, /PE103 RunNotFound/],
    [
      'no credentials',
      ['plan', '--cluster', 'shop', '--region', 'eu-central-1', '--endpoint-url', 'http://127.0.0.1:9'],
      1,
      /PE302 CredentialsMissing/,
    ],
  ])('%s: says so and what to do, without a stack trace', async (_name, args, code, text) => {
    const ended = await podshift(...args);
    expect(ended.stderr.replaceAll(/\n +/g, ' ')).toMatch(text);
    expect(ended).toMatchObject({ code, stdout: '' });
    expect(ended.stderr).toContain('->');
    expect(ended.stderr).not.toMatch(/\n\s+at /);
  });

  it('shows a stack trace with --debug', async () => {
    const { stderr } = await podshift('rehearse', '/nowhere', '--debug');
    expect(stderr).toMatch(/\n\s+at /);
  });

  it('says that a journal that does not exist has no runs, and makes none', async () => {
    const journal = join(folder, 'none');
    expect(await podshift('status', '--journal', journal)).toMatchObject({ code: 0, stdout: '', stderr: `no runs in ${journal}\n` });
    await expect(access(journal)).rejects.toThrow('ENOENT');
  });
});
