import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runReport } from '../../src/model/report.ts';
import { podshift, ROOT, start } from './spawn.ts';

const FLAGS = [
  '--cluster',
  'shop',
  '-n',
  'media',
  '--soak-seconds',
  '0',
  '--iam-propagation-seconds',
  '2',
  '--injection-interval-seconds',
  '1',
];

/** The flags with one of them changed. */
const flagsWith = (name: string, value: string): string[] => FLAGS.map((flag, index) => (FLAGS[index - 1] === name ? value : flag));

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'podshift-killed-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe('a killed run', () => {
  it('resumes from its journal on disk, wherever SIGKILL met it, and ends migrated', async () => {
    const { twin, run } = await startTwin(folder);

    const first = run('run', ...FLAGS, '--approve');
    const text = await first.seen('written: add-on');
    first.process.kill('SIGKILL');
    expect((await first.ended).signal).toBe('SIGKILL');
    const runId = /run (\w{26}): running/.exec(text)?.[1] ?? '';

    const second = run('run', '--local', '--resume', runId);
    await second.seen('waiting for injection');
    second.process.kill('SIGKILL');
    expect((await second.ended).signal).toBe('SIGKILL');

    const third = await run('run', '--local', '--resume', runId, '-o', 'json').ended;
    expect(third).toMatchObject({ code: 0 });
    const report = runReport.parse(JSON.parse(third.stdout));
    expect(report.run).toMatchObject({ id: runId, status: 'migrated' });
    expect(report.units.map((unit) => [unit.serviceAccount, unit.status])).toEqual([['thumbnails', 'migrated']]);

    twin.process.kill('SIGTERM');
    await twin.ended;
  });
});

describe('a run that goes on', () => {
  it('is seen by other processes, and carried out by none of them', async () => {
    const { run } = await startTwin(folder);
    const journal = join(folder, 'shared');
    const first = run('run', ...flagsWith('--soak-seconds', '3600'), '--journal', journal, '--approve');
    const runId = /run (\w{26}): running/.exec(await first.seen(/run (\w{26}): running/))?.[1] ?? '';
    const [report, resumed] = await Promise.all([
      podshift('report', runId, '--journal', journal, '-o', 'json'),
      run('run', '--local', '--resume', runId, '--journal', journal).ended,
    ]);
    expect(report).toMatchObject({ code: 0 });
    expect(JSON.parse(report.stdout)).toMatchObject({ run: { id: runId, status: 'running', endedAt: null } });
    expect(resumed.code).toBe(3);
    expect(resumed.stderr.replaceAll(/\s+/g, ' ')).toMatch(
      new RegExp(`PE606 JournalInUse: run ${runId} in .* is in use by another podshift process \\(process ${first.process.pid}\\)`),
    );
    first.process.kill('SIGINT');
    expect(await first.ended).toMatchObject({ code: 130 });
  });
});

/** A twin in a process of its own, and podshift on it from a folder. */
async function startTwin(cwd: string) {
  const twin = start(['cli/main.ts', 'twin', join(ROOT, 'examples/shop'), '--no-delays']);
  const all = await twin.seen('podshift plan --cluster');
  const { aws } = JSON.parse(all.split('\n')[0] ?? '') as { aws: string };
  const env = Object.fromEntries(
    [...all.matchAll(/(AWS_(?:REGION|ACCESS_KEY_ID|SECRET_ACCESS_KEY))=(\S+)/g)].map(([, name = '', value = '']) => [name, value]),
  );
  return { twin, run: (...args: string[]) => start([join(ROOT, 'cli/main.ts'), ...args, '--endpoint-url', aws], { env, cwd }) };
}
