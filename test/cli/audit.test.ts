import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type AuditRecord, auditFile } from '../../src/model/audit/record.ts';
import { runResource } from '../../src/service/resources.ts';
import { podshift, ROOT, start } from './spawn.ts';

const SHOP = join(ROOT, 'examples/shop');
const APPROVER = 'arn:aws:iam::444455556666:user/release-manager';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'podshift-audit-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** Keeps what the command printed in a file. */
async function keep(name: string, text: string): Promise<string> {
  const file = join(folder, name);
  await writeFile(file, text);
  return file;
}

function of<Kind extends AuditRecord['kind']>(text: string, kind: Kind): Extract<AuditRecord, { kind: Kind }>[] {
  const records = auditFile.parse(JSON.parse(text)).links.map(({ record }) => record);
  return records.filter((record): record is Extract<AuditRecord, { kind: Kind }> => record.kind === kind);
}

describe('podshift audit', { timeout: 600_000 }, () => {
  it('shows the record of a local run, and bears it out after its rollback', async () => {
    const twin = start(['cli/main.ts', 'twin', SHOP, '--no-delays']);
    const all = await twin.seen('podshift plan --cluster');
    const { aws } = JSON.parse(all.split('\n')[0] ?? '') as { aws: string };
    const env = Object.fromEntries(
      [...all.matchAll(/(AWS_(?:REGION|ACCESS_KEY_ID|SECRET_ACCESS_KEY))=(\S+)/g)].map(([, name = '', value = '']) => [name, value]),
    );
    const journal = ['--journal', join(folder, 'journal')];
    const local = (...args: string[]) => start(['cli/main.ts', ...args, ...journal], { env }).ended;
    const waits = ['--soak-seconds', '1', '--iam-propagation-seconds', '1', '--injection-interval-seconds', '1'];
    const ran = await local('run', '--cluster', 'shop', '--endpoint-url', aws, '-n', 'media', ...waits, '--approve', '-o', 'json');
    expect(ran.code, ran.stderr).toBe(0);
    const runId = (JSON.parse(ran.stdout) as { run: { id: string } }).run.id;

    const first = await local('audit', runId, '-o', 'json');
    expect(first).toMatchObject({ code: 0, stderr: '' });
    const { version } = JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8')) as { version: string };
    const [run] = of(first.stdout, 'run');
    expect(run).toMatchObject({ id: runId, requester: { source: 'cli', known: true }, terms: { mode: 'run', approval: 'none' } });
    expect(run?.podshift).toContain(version);
    const writes = of(first.stdout, 'write');
    expect(writes.map(({ change }) => change)).toEqual(expect.arrayContaining(['trust', 'association', 'restart', 'annotations']));
    const [asked] = writes.filter(({ change }) => change === 'association').flatMap(({ requests }) => requests ?? []);
    expect(asked).toMatchObject({ service: 'eks', operation: 'CreatePodIdentityAssociation', principal: run?.requester?.by, error: null });
    expect(asked?.requestId).toMatch(/\S/);
    for (const { requests } of writes.filter(({ change }) => change !== 'addon')) expect(requests?.length).toBeGreaterThan(0);
    expect(of(first.stdout, 'evidence').length).toBeGreaterThan(0);
    expect(of(first.stdout, 'end')).toMatchObject([{ status: 'migrated' }]);
    expect(first.stdout).not.toMatch(/authorization|secret|X-Amz|Bearer/i);

    const file = await keep('local.json', first.stdout);
    const honest = await local('audit', '--verify', file, '--against', runId);
    expect(honest).toMatchObject({ code: 0, stdout: expect.stringContaining(`unchanged, `) });
    const told = await local('audit', runId);
    expect(told.stdout).toMatch(/^approved by +no approval was asked for$/m);

    const altered = await keep('altered.json', first.stdout.replace('"kind":"evidence","number":0', '"kind":"evidence","number":1'));
    const found = await local('audit', '--verify', altered, '-o', 'json');
    expect(found.code).toBe(1);
    expect(JSON.parse(found.stdout)).toMatchObject({ honest: false, problems: [{ what: 'altered' }] });

    expect((await local('rollback', runId, '--endpoint-url', aws, '--approve')).code).toBe(0);
    const later = await local('audit', runId, '-o', 'json');
    const [one, other] = [first, later].map(({ stdout }) => auditFile.parse(JSON.parse(stdout)));
    expect(other?.links.slice(0, one?.links.length)).toEqual(one?.links);
    expect(of(later.stdout, 'undo').length).toBeGreaterThanOrEqual(4);
    expect(of(later.stdout, 'undo').flatMap(({ requests }) => requests ?? [])).toContainEqual(
      expect.objectContaining({ operation: 'DeletePodIdentityAssociation', error: null }),
    );
    expect(of(later.stdout, 'end')).toMatchObject([{ status: 'migrated' }, { status: 'rolled-back' }]);
    const stillHonest = await local('audit', '--verify', file, '--against', runId);
    expect(stillHonest).toMatchObject({ code: 0, stdout: expect.stringContaining('as it ended then') });
    const byHash = await local('audit', '--verify', await keep('later.json', later.stdout), '--hash', one?.last ?? '');
    expect(byHash).toMatchObject({ code: 0, stdout: expect.stringContaining('the records up to it are as they were then') });
  });

  it('shows the record of a served run, who asked for it and who approved', async () => {
    const served = start(['cli/main.ts', 'serve', SHOP, '--speed', '50']);
    const { url, cluster, region } = JSON.parse(/\{"url":.*\}/.exec(await served.seen(/\{"url":.*\}/))?.[0] ?? '') as Record<
      string,
      string
    >;
    const patience = { injectionTimeoutSeconds: 7200, proofTimeoutSeconds: 7200, rolloutTimeoutSeconds: 7200, undoTimeoutSeconds: 7200 };
    const body = {
      target: { clusterName: cluster, region },
      mode: 'run',
      options: { namespaces: ['media'], soakSeconds: 60, ...patience },
    };
    const post = (path: string, sent: unknown, headers: Record<string, string>) =>
      fetch(`${url}${path}`, { method: 'POST', headers: { 'content-type': 'application/json', ...headers }, body: JSON.stringify(sent) });
    const { id } = runResource.parse(await (await post('/runs', body, { 'Idempotency-Key': 'one' })).json());
    const until = async (is: (run: ReturnType<typeof runResource.parse>) => boolean) => {
      for (;;) {
        const run = runResource.parse(await (await fetch(`${url}/runs/${id}`)).json());
        if (is(run)) return run;
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
    };
    const { digest } = await until(({ approval }) => approval !== null);
    await post(`/runs/${id}/approval`, { decision: 'approve', digest }, { 'x-podshift-caller': APPROVER });
    expect(await until(({ endedAt }) => endedAt !== null)).toMatchObject({ status: 'migrated' });

    const shown = await podshift('audit', id, '--service', url ?? '', '-o', 'json');
    expect(shown).toMatchObject({ code: 0, stderr: '' });
    expect(await (await fetch(`${url}/runs/${id}/audit`)).text()).toBe(shown.stdout);
    expect(of(shown.stdout, 'run')).toMatchObject([{ id, requester: { source: 'api', known: true } }]);
    expect(of(shown.stdout, 'approval')).toMatchObject([{ status: 'approved', self: false, answer: { by: APPROVER, digest } }]);
    expect(of(shown.stdout, 'plan')).toEqual([{ kind: 'plan', digest }]);
    const file = await keep('served.json', shown.stdout);
    expect(await podshift('audit', '--verify', file, '--against', id, '--service', url ?? '')).toMatchObject({ code: 0 });
    const cut = await keep('cut.json', shown.stdout.split('\n').toSpliced(3, 1).join('\n'));
    expect(await podshift('audit', '--verify', cut)).toMatchObject({
      code: 1,
      stdout: expect.stringContaining('cut off: record 2 is not there'),
    });
  });

  it('says what is missing on the command line', async () => {
    const wrong = await Promise.all([
      podshift('audit'),
      podshift('audit', 'run-1', '--hash', 'a'.repeat(64)),
      podshift('audit', 'run-1', '--verify', 'file'),
      podshift('audit', '--verify', join(folder, 'nowhere.json')),
      podshift('audit', '--verify', 'file', '--hash', 'abc'),
    ]);
    expect(wrong.map(({ code }) => code)).toEqual([2, 2, 2, 2, 2]);
    expect(
      wrong.map(({ stderr }) => /which run\?|goes with --verify|one argument too many|could not read|64 hex digits/.test(stderr)),
    ).toEqual(wrong.map(() => true));
  });
});
