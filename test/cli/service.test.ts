import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { planFile } from '../../src/model/plan-files/file.ts';
import { runReport } from '../../src/model/report.ts';
import { type RunResource, runResource } from '../../src/service/resources.ts';
import { podshift, ROOT, start } from './spawn.ts';

const SHOP = join(ROOT, 'examples/shop');
/** Time runs faster here, and the machine does not: nothing is to time out. */
const PATIENCE = { injectionTimeoutSeconds: 7200, proofTimeoutSeconds: 7200, rolloutTimeoutSeconds: 7200, undoTimeoutSeconds: 7200 };
/** A caller who is not the default one. */
const CALLER = 'arn:aws:iam::444455556666:user/release-manager';

/** The API over the twin of the example, fifty times as fast as real time. */
async function serve(): Promise<{
  url: string;
  cluster: string;
  region: string;
  stop(): Promise<{ code: number | null; stderr: string }>;
}> {
  const running = start(['cli/main.ts', 'serve', SHOP, '--speed', '50']);
  const seen = await running.seen(/\{"url":.*\}/);
  const answer = JSON.parse(/\{"url":.*\}/.exec(seen)?.[0] ?? '') as { url: string; cluster: string; region: string };
  return {
    ...answer,
    stop: () => {
      running.process.kill('SIGINT');
      return running.ended;
    },
  };
}

/** Asks until the run is as it should be; the test's time-out ends the asking. */
async function until(url: string, runId: string, is: (run: RunResource) => boolean): Promise<RunResource> {
  for (;;) {
    const run = runResource.parse(await (await fetch(`${url}/runs/${runId}`)).json());
    if (is(run)) return run;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

describe('podshift serve', { timeout: 300_000 }, () => {
  it('serves a run from its start to its way back, for programs and for the command line', async () => {
    const { url, cluster, region, stop } = await serve();
    expect([new URL(url).hostname, cluster, region]).toEqual(['127.0.0.1', 'shop', 'eu-central-1']);
    const post = (path: string, body?: unknown, headers: Record<string, string> = {}) =>
      fetch(`${url}${path}`, {
        method: 'POST',
        headers: { ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...headers },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
    const body = {
      target: { clusterName: cluster, region },
      mode: 'run',
      options: { namespaces: ['media'], soakSeconds: 60, ...PATIENCE },
    };

    const [first, second] = await Promise.all([1, 2].map(() => post('/runs', body, { 'Idempotency-Key': 'one' })));
    expect([first?.status, second?.status]).toEqual([202, 202]);
    const { id } = runResource.parse(await first?.json());
    expect(runResource.parse(await second?.json()).id).toBe(id);
    expect(first?.headers.get('location')).toBe(`/runs/${id}`);

    const waiting = await until(url, id, (run) => run.approval !== null);
    expect(waiting).toMatchObject({ status: 'running', approval: { status: 'waiting', answer: null } });
    const wrong = await post(`/runs/${id}/approval`, { decision: 'approve', digest: 'f'.repeat(64) });
    expect([wrong.status, ((await wrong.json()) as { code: string }).code]).toEqual([409, 'PE208']);
    const early = await post(`/runs/${id}/rollback`);
    expect([early.status, ((await early.json()) as { code: string }).code]).toEqual([409, 'PE212']);

    const shown = await podshift('approve', id, '--service', url);
    expect(shown).toMatchObject({
      code: 0,
      stderr: expect.stringContaining(`podshift approve ${id} --service ${url} --digest ${waiting.digest}`),
    });
    expect(shown.stdout).toContain('media/thumbnails');
    const approved = await post(`/runs/${id}/approval`, { decision: 'approve', digest: waiting.digest }, { 'x-podshift-caller': CALLER });
    expect(approved.status).toBe(202);
    const late = await podshift('approve', id, '--service', url, '--digest', waiting.digest, '--refuse');
    expect(late).toMatchObject({ code: 3, stderr: expect.stringContaining('error PE210 ApprovalAnswered') });

    const watched = await podshift('watch', id, '--service', url, '-o', 'json');
    expect(watched.code).toBe(0);
    expect(watched.stderr).toContain('media/thumbnails: migrated');
    const report = runReport.parse(JSON.parse(watched.stdout));
    expect(report.run).toMatchObject({ id, status: 'migrated', approval: { status: 'approved', answer: { by: CALLER } } });
    expect(report).toEqual(await (await fetch(`${url}/runs/${id}/report`)).json());
    expect((await podshift('report', id, '--service', url, '-o', 'markdown')).stdout).toContain(`- Approval: approved by ${CALLER}`);

    const folder = await mkdtemp(join(tmpdir(), 'podshift-test-'));
    onTestFinished(() => rm(folder, { recursive: true, force: true }));
    const exported = await podshift('export', id, '--service', url, '--format', 'terraform', '--out', join(folder, 'code'));
    expect([exported.code, exported.stderr]).toEqual([0, expect.stringContaining('what to do, in which order: ')]);
    const { association } = report.units.find(({ serviceAccount }) => serviceAccount === 'thumbnails') ?? {};
    expect(association).toEqual({ id: expect.stringMatching(/^a-[0-9a-z]{17}$/), isNew: true });
    expect(await readFile(join(folder, 'code', 'imports.tf'), 'utf8')).toContain(`id = "shop,${association?.id}"`);

    const planned = await podshift('rollback', id, '--service', url, '-o', 'json');
    expect(JSON.parse(planned.stdout)).toMatchObject({ kind: 'RollbackPlan', units: [{ unit: 'media/thumbnails', status: 'migrated' }] });
    const back = await podshift('rollback', id, '--service', url, '--approve', '-o', 'json');
    expect(back.code).toBe(0);
    expect(runReport.parse(JSON.parse(back.stdout)).run.status).toBe('rolled-back');
    expect((await post(`/runs/${id}/rollback`)).status).toBe(200);
    const nothing = await podshift('export', id, '--service', url, '--out', join(folder, 'nothing'), '-o', 'json');
    expect(JSON.parse(nothing.stdout)).toMatchObject({ kind: 'Export', of: 'run', id, files: ['README.md'] });

    const listed = await podshift('status', '--service', url, '-o', 'json');
    expect(JSON.parse(listed.stdout).runs).toMatchObject([{ id, status: 'rolled-back' }]);
    const ended = await stop();
    expect(ended.code).toBe(0);
    expect(ended.stderr).not.toMatch(/"taskToken"|local-[0-9a-z]{26}/);
  });

  it('is driven by run, which plans, migrates what was planned, and refuses another plan', async () => {
    const { url, cluster, region, stop } = await serve();
    const flags = [
      '--service',
      url,
      '--cluster',
      cluster,
      '--region',
      region,
      '-n',
      'media',
      '--soak-seconds',
      '60',
      '--injection-timeout-seconds',
      '7200',
      '--proof-timeout-seconds',
      '7200',
    ];
    const planned = await podshift('run', ...flags, '-o', 'json');
    expect(planned.code).toBe(0);
    const { run, units } = runReport.parse(JSON.parse(planned.stdout));
    expect([run.status, units.map((unit) => unit.status)]).toEqual(['planned', ['pending']]);
    expect(planned.stderr).toContain(`podshift run ${flags.join(' ')} --approve --digest ${run.digest}`);
    const refused = await podshift('run', ...flags, '--approve', '--digest', 'f'.repeat(64));
    expect(refused).toMatchObject({ code: 3, stderr: expect.stringContaining('(WorldMoved)') });
    const migrated = await podshift('run', ...flags, '--approve', '--digest', run.digest, '-o', 'json');
    expect(migrated.code).toBe(0);
    expect(runReport.parse(JSON.parse(migrated.stdout)).run).toMatchObject({ status: 'migrated' });

    const waits = start(['cli/main.ts', 'run', ...flags, '-n', 'search', '--approve', '--require-approval']);
    const asked = /podshift (approve \w+ --service \S+ --digest \w{64})/.exec(await waits.seen(/--digest \w{64}/))?.[1] ?? '';
    const watching = start(['cli/main.ts', 'watch', asked.split(' ')[1] ?? '', '--service', url]);
    await watching.seen('waits for approval');
    watching.process.kill('SIGINT');
    expect(await watching.ended).toMatchObject({ code: 130, stderr: expect.stringContaining('goes on in the service') });
    expect((await podshift(...asked.split(' '), '--refuse')).code).toBe(0);
    expect(await waits.ended).toMatchObject({
      code: 3,
      stderr: expect.stringMatching(/the plan was refused by\s+arn:aws:iam::000000000000:user\/local/),
    });

    const unknown = await podshift('run', '--service', url, '--cluster', 'elsewhere', '--region', region);
    expect(unknown).toMatchObject({ code: 1, stderr: expect.stringContaining('error PE301 ClusterNotFound') });
    expect((await stop()).code).toBe(0);
  });

  it('carries out a plan that was kept in a file, once: then the world is another one', async () => {
    const { url, stop } = await serve();
    const folder = await mkdtemp(join(tmpdir(), 'podshift-test-'));
    onTestFinished(() => rm(folder, { recursive: true, force: true }));
    const file = join(folder, 'plan.json');
    const times = ['--injection-timeout-seconds', '7200', '--proof-timeout-seconds', '7200'];
    expect((await podshift('plan', SHOP, '-n', 'media', '--soak-seconds', '60', ...times, '--out', file)).code).toBe(0);
    const { digest, options } = planFile.parse(JSON.parse(await readFile(file, 'utf8')));
    const migrated = await podshift('run', '--service', url, '--plan', file, '--approve', '-o', 'json');
    expect(migrated.code, migrated.stderr).toBe(0);
    const { run } = runReport.parse(JSON.parse(migrated.stdout));
    expect(run).toMatchObject({ status: 'migrated', digest });
    expect(runResource.parse(await (await fetch(`${url}/runs/${run.id}`)).json()).options).toEqual(options);
    const again = await podshift('run', '--service', url, '--plan', file, '--approve');
    expect(again).toMatchObject({
      code: 3,
      stderr: expect.stringMatching(
        new RegExp(`to see what differs from the plan, with your own access to\\s+the cluster:\\n {2}podshift plan --compare ${file}\\n`),
      ),
    });
    expect((await stop()).code).toBe(0);
  });

  it('answers what API Gateway answers by itself, and no other host', async () => {
    const { url, stop } = await serve();
    const nowhere = await fetch(`${url}/nowhere`);
    // It names no time after which it closes a kept connection by itself, under the next request on it.
    expect([nowhere.status, nowhere.headers.get('keep-alive')]).toEqual([404, null]);
    expect((await fetch(`${url}/runs`, { method: 'DELETE' })).status).toBe(404);
    expect((await fetch(`${url}/runs/%E0%A4%A`)).status).toBe(400);
    const long = await fetch(`${url}/runs`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: 'x'.repeat(10 * 1024 * 1024 + 1),
    });
    expect(long.status).toBe(413);
    const { request } = await import('node:http');
    const status = await new Promise((resolve) =>
      request(`${url}/runs`, { headers: { host: 'rebound.example' } }, (response) => resolve(response.statusCode)).end(),
    );
    expect(status).toBe(403);
    const taken = await podshift('serve', SHOP, '--port', new URL(url).port);
    expect(taken).toMatchObject({ code: 2, stderr: expect.stringContaining('is in use') });
    expect((await stop()).code).toBe(0);
  });

  it.each([
    ['without a service', ['approve', 'r'], 2, /which service\?/],
    ['a URL that is none', ['status', '--service', 'shop'], 2, /is no URL of a service/],
    ['a service without TLS', ['status', '--service', 'http://podshift.example'], 2, /is no URL of a service/],
    ['a host that says no region', ['status', '--service', 'https://podshift.example'], 2, /set AWS_REGION/],
    ['both ways at once', ['status', '--service', 'http://127.0.0.1:9', '--local'], 2, /not both/],
    ['no credentials', ['status', '--service', 'https://a1.execute-api.eu-central-1.amazonaws.com'], 1, /PE302 CredentialsMissing/],
    ['an approval that nobody asks for', ['run', '--service', 'http://127.0.0.1:9', '--require-approval'], 2, /goes with --approve/],
    ['a run to resume', ['run', '--service', 'http://127.0.0.1:9', '--resume', 'r'], 2, /resumes its runs by itself/],
    ['a link without a service', ['report', 'r', '--link', '--journal', 'nowhere'], 2, /--link goes with --service/],
    ['a link as a page', ['report', 'r', '--link', '--service', 'http://127.0.0.1:9', '-o', 'html'], 2, /--link prints a link and no page/],
    ['a port that is none', ['serve', SHOP, '--port', '70000'], 2, /from 0 to 65535/],
    ['a speed that is none', ['serve', SHOP, '--speed', '0'], 2, /from 1 to 1000/],
  ])('says what is wrong: %s', async (_title, args, code, text) => {
    expect(await podshift(...args)).toMatchObject({ code, stderr: expect.stringMatching(text) });
  });
});
