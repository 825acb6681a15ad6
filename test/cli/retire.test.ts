import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseAllDocuments, stringify } from 'yaml';
import { planReport, runReport } from '../../src/model/report.ts';
import { commandIn, pasted } from './paste.ts';
import { podshift, ROOT, start } from './spawn.ts';

const PRESS = join(ROOT, 'examples/press-kube2iam');
let folder = '';

/** The example's cluster, with kube2iam and nobody who asks it. */
async function leaveNobody(): Promise<string> {
  const free = join(folder, 'press');
  await cp(PRESS, free, { recursive: true });
  const edit = async (file: string, keep: (text: string) => string | undefined): Promise<void> => {
    const documents = parseAllDocuments(await readFile(join(free, 'kubernetes', file), 'utf8')).map((one) => stringify(one.toJS()));
    await writeFile(join(free, 'kubernetes', file), documents.flatMap((text) => keep(text) ?? []).join('---\n'));
  };
  await edit('press.yaml', (text) =>
    /kind: (Deployment|StatefulSet|CronJob)/.test(text) && !text.includes('name: kiosk') ? undefined : text,
  );
  await edit('kube2iam.yaml', (text) => text.replace(/ *- --default-role=.*\n/, ''));
  return free;
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'podshift-retire-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe('podshift retire', () => {
  it('says on a snapshot what depends on the daemon, and exits with 0', async () => {
    const { code, stdout, stderr } = await podshift('retire', 'kube2iam', '--snapshot', PRESS);
    expect(code).toBe(0);
    expect(stdout).toContain('retiring kube2iam: needed still');
    expect(stdout).toMatch(/PS731 The workload still gets its role from the daemon \(11\)$/m);
    expect(stdout).toMatch(/^ +Deployment\/press\/auditor asks kube2iam for the role press-auditor$/m);
    expect(stderr).toContain('(plan) would change nothing: kube2iam is not retired');
  });

  it.each([
    ['to carry out a plan on a snapshot', ['retire', 'kube2iam', '--snapshot', PRESS, '--approve'], 'a snapshot is only planned on'],
    ['a daemon that it does not know', ['retire', 'kube3iam'], 'Allowed choices are kube2iam, kiam'],
    ['to guess the cluster', ['retire', 'kiam'], 'which cluster?'],
  ])('refuses %s', async (_, args, message) => {
    const { code, stderr } = await podshift(...args);
    expect(code).toBe(2);
    expect(stderr.replaceAll(/\s+/g, ' ')).toContain(message);
  });

  it('plans, retires and goes back over a served twin, and refuses a daemon that is not there', async () => {
    const twin = start(['cli/main.ts', 'twin', await leaveNobody(), '--no-delays']);
    const all = await twin.seen('podshift plan --cluster');
    const { aws } = JSON.parse(all.split('\n')[0] ?? '') as { aws: string };
    const env = Object.fromEntries(
      [...all.matchAll(/(AWS_(?:ACCESS_KEY_ID|SECRET_ACCESS_KEY))=(\S+)/g)].map(([, name = '', value = '']) => [name, value]),
    );
    const common = ['--cluster', 'press', '--region', 'eu-central-1', '--endpoint-url', aws, '--journal', join(folder, 'journal')];
    const run = (...args: string[]) => start(['cli/main.ts', ...args], { env }).ended;

    const plan = await run('retire', 'kube2iam', ...common, '-o', 'json');
    expect(plan.code).toBe(0);
    const planned = planReport.parse(JSON.parse(plan.stdout));
    expect(planned.retirement).toMatchObject({ status: 'planned', nodes: [{}, {}, {}] });
    expect(plan.stderr).toContain('(plan) would retire kube2iam');
    expect(plan.stderr).toContain(`podshift retire kube2iam --cluster press`);

    const next = commandIn(plan.stderr, 'retire');
    expect(next).toMatch(new RegExp(` --approve --digest ${planned.run.digest}$`));
    const done = await pasted(`${next} -o json`, { env });
    expect(done.code, done.stderr).toBe(0);
    const { run: record, retirement } = runReport.parse(JSON.parse(done.stdout));
    expect(record.status).toBe('migrated');
    expect(retirement).toMatchObject({ status: 'retired', nodes: Array.from({ length: 3 }, () => ({ removed: 1, answered: 401 })) });

    const back = await run('rollback', record.id, '--endpoint-url', aws, '--journal', join(folder, 'journal'), '--approve', '-o', 'json');
    expect(back.code, back.stderr).toBe(0);
    expect(runReport.parse(JSON.parse(back.stdout))).toMatchObject({ run: { status: 'rolled-back' }, retirement: { status: 'restored' } });

    const kiam = await run('retire', 'kiam', ...common, '--approve');
    expect(kiam.code).toBe(3);
    expect(kiam.stdout).toContain("there is no DaemonSet of kiam's agent in the cluster");
    twin.process.kill('SIGTERM');
    expect((await twin.ended).code).toBe(0);
  });
});
