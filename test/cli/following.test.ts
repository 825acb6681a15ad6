import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runReport } from '../../src/model/report.ts';
import { podshift, ROOT, start } from './spawn.ts';

/** A migration of one service account without waits of its own. */
const FLAGS = ['--cluster', 'shop', '-n', 'media', '--iam-propagation-seconds', '2', '--injection-interval-seconds', '1', '--approve'];

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'podshift-following-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe('a run of another process', () => {
  it('is seen as it stands: soaking, interrupted, rolling back', async () => {
    const run = await startTwin();
    const journal = ['--journal', join(folder, 'soaks')];
    const first = run('run', ...FLAGS, '--soak-seconds', '86400', ...journal);
    const runId = idIn(await first.seen(/run (\w{26}): running/));

    const watching = start(['cli/main.ts', 'watch', runId, ...journal]);
    await watching.seen('wave 1 of 1, soaking until');
    const [listed, json, reported] = await Promise.all([
      podshift('status', ...journal),
      podshift('status', ...journal, '-o', 'json'),
      podshift('report', runId, ...journal, '-o', 'json'),
    ]);
    expect(listed).toMatchObject({ code: 0, stderr: '' });
    // one line for each run, whole
    expect(listed.stdout).toMatch(
      new RegExp(
        `^${runId}  shop \\(eu-central-1, account 444455556666\\)  \\S+  wave 1 of 1, soaking until \\S+Z \\(0 of 1 unit migrated\\)$`,
        'm',
      ),
    );
    expect(JSON.parse(json.stdout).runs).toMatchObject([{ id: runId, status: 'running', state: { name: 'soaking', attention: false } }]);
    const report = runReport.parse(JSON.parse(reported.stdout));
    expect(report.run).toMatchObject({ status: 'running', endedAt: null, state: { name: 'soaking', next: [] } });

    // Ctrl-C of one who watches is not the run's.
    watching.process.kill('SIGINT');
    expect(await watching.ended).toMatchObject({
      code: 130,
      stdout: '',
      stderr: expect.stringContaining(`run ${runId} goes on in its own process`),
    });
    const goesOn = await podshift('status', runId, ...journal);
    expect(goesOn.stdout).toMatch(new RegExp(`^run ${runId} on shop .*: wave 1 of 1, soaking until`));
    expect(goesOn.stdout).not.toContain('--resume');
    expect(first.process.exitCode).toBeNull();

    first.process.kill('SIGKILL');
    await first.ended;
    const lost = await podshift('status', ...journal);
    expect(lost.stdout).toMatch(new RegExp(`^! +${runId} .* interrupted in wave 1 of 1, .*last sign of life \\S+Z\\)$`, 'm'));
    const flags = `--journal ${journal[1]}`;
    expect(lost.stderr).toContain(`podshift run --local --resume ${runId} ${flags}\n`);
    expect(lost.stderr).toContain(`podshift rollback ${runId} ${flags} --approve\n`);
    expect(await podshift('watch', runId, ...journal)).toMatchObject({
      code: 1,
      stdout: '',
      stderr: expect.stringContaining(`podshift rollback ${runId} ${flags} --approve\n`),
    });

    const back = run('rollback', runId, ...journal, '--approve');
    await back.seen('rolling back');
    const beside = start(['cli/main.ts', 'watch', runId, ...journal]);
    await beside.seen(/rolling back since \S+Z/);
    back.process.kill('SIGKILL');
    expect(await beside.ended).toMatchObject({
      code: 1,
      stdout: '',
      stderr: expect.stringMatching(/interrupted while rolling back(?:.|\n)*\n {2}roll back: podshift rollback [^\n]* --approve\n$/),
    });
  });

  it('is watched to its end, with its report and its exit code', async () => {
    const run = await startTwin();
    const journal = ['--journal', join(folder, 'ends')];
    const first = run('run', ...FLAGS, '--soak-seconds', '0', ...journal, '-o', 'json');
    const runId = idIn(await first.seen(/run (\w{26}): running/));
    const watched = await podshift('watch', runId, ...journal, '-o', 'json');
    const ended = await first.ended;
    expect([watched.code, ended.code]).toEqual([0, 0]);
    expect(watched.stderr).toContain('  media/thumbnails: migrated');
    const { state, ...told } = runReport.parse(JSON.parse(watched.stdout)).run;
    expect(state).toMatchObject({ name: 'migrated', text: 'migrated (1 unit)' });
    expect(told).toEqual(runReport.parse(JSON.parse(ended.stdout)).run);

    const back = run('rollback', runId, ...journal, '--approve');
    await back.seen('rolling back');
    const beside = await podshift('watch', runId, ...journal, '-o', 'json');
    expect((await back.ended).code).toBe(0);
    expect(beside.code).toBe(5);
    expect(runReport.parse(JSON.parse(beside.stdout)).run).toMatchObject({ status: 'rolled-back', state: { name: 'rolled-back' } });
  });

  it('that is not there makes no journal', async () => {
    const journal = join(folder, 'none');
    for (const command of ['watch', 'report', 'status']) {
      expect(await podshift(command, 'nope', '--journal', journal)).toMatchObject({
        code: 2,
        stderr: expect.stringContaining('RunNotFound'),
      });
    }
    expect(await readdir(folder)).not.toContain('none');
  });
});

const idIn = (text: string): string => /run (\w{26}): running/.exec(text)?.[1] ?? '';

/** A twin in a process of its own, and podshift on it. */
async function startTwin() {
  const twin = start(['cli/main.ts', 'twin', join(ROOT, 'examples/shop'), '--no-delays']);
  const all = await twin.seen('podshift plan --cluster');
  const { aws } = JSON.parse(all.split('\n')[0] ?? '') as { aws: string };
  const env = Object.fromEntries(
    [...all.matchAll(/(AWS_(?:REGION|ACCESS_KEY_ID|SECRET_ACCESS_KEY))=(\S+)/g)].map(([, name = '', value = '']) => [name, value]),
  );
  return (...args: string[]) => start(['cli/main.ts', ...args, '--endpoint-url', aws], { env });
}
