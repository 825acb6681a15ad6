import { readdirSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { openLocalJournal } from '../../engine/local-journal.ts';
import type { Journal } from '../../src/journal/journal.ts';
import { clusterRunId, fleetSpec } from '../../src/model/fleet.ts';
import { migrationOptions } from '../../src/model/options.ts';
import { pagePath, pageText } from '../../src/service/pages.ts';
import { createSystemClock } from '../../twin/clock.ts';
import { commandIn, paste, pasted } from './paste.ts';
import { podshift, ROOT, start } from './spawn.ts';

const SHOP = join(ROOT, 'examples/shop');

/** Where a command for the reader is made, by file and first words, and the test that pastes it in the situation that prints it. */
const PLACES: Readonly<Record<string, readonly [file: string, test: string]>> = {
  'cli/commands/audit.ts: audit': ['test/cli/next-commands.test.ts', 'of a run that needs an operator show it'],
  'cli/commands/doctor.ts: plan': ['test/cli/doctor.test.ts', 'finds all well over a served twin, and names a command that plans there'],
  'cli/commands/export.ts: watch': ['test/cli/next-commands.test.ts', 'of a local run resume it, look at it and roll it back'],
  'cli/commands/fleet.ts: fleet run': ['test/cli/fleet.test.ts', 'plans, runs, is interrupted, goes on, and is in the journal'],
  'cli/commands/fleet.ts: fleet status': ['test/cli/fleet.test.ts', 'starts a fleet in the service, and says how to look at it'],
  'cli/commands/fleet.ts: typed': ['test/cli/fleet.test.ts', 'plans, runs, is interrupted, goes on, and is in the journal'],
  'cli/commands/plan.ts: run': ['test/cli/next-commands.test.ts', 'of a plan in a file carry it out in the service, and show what moved'],
  'cli/commands/plan.ts: rehearse': ['test/cli/next-commands.test.ts', 'of a page of a plan, and of an export of one, work'],
  'cli/commands/rollback.ts: rollback': ['test/cli/next-commands.test.ts', 'of a local run resume it, look at it and roll it back'],
  'cli/commands/serve.ts: run': ['test/cli/next-commands.test.ts', 'of a served twin work'],
  'cli/commands/serve.ts: status': ['test/cli/next-commands.test.ts', 'of a served twin work'],
  'cli/commands/twin.ts: plan': ['test/cli/next-commands.test.ts', 'of a served twin work'],
  'cli/runs/watch.ts: approve': ['test/cli/next-commands.test.ts', 'are never for an approval where nobody can give one'],
  'cli/runs/watch.ts: watch': ['test/cli/next-commands.test.ts', 'of a local run resume it, look at it and roll it back'],
  'cli/service/approve.ts: approve': [
    'test/cli/next-commands.test.ts',
    'lead from a plan in a service to its approval, its stop and its rollback',
  ],
  'cli/service/approve.ts: watch': [
    'test/cli/next-commands.test.ts',
    'lead from a plan in a service to its approval, its stop and its rollback',
  ],
  'cli/service/follow.ts: approve': [
    'test/cli/next-commands.test.ts',
    'lead from a plan in a service to its approval, its stop and its rollback',
  ],
  'cli/service/rollback.ts: rollback': [
    'test/cli/next-commands.test.ts',
    'lead from a plan in a service to its approval, its stop and its rollback',
  ],
  'cli/service/run.ts: plan': ['test/cli/next-commands.test.ts', 'of a plan in a file carry it out in the service, and show what moved'],
  'cli/service/run.ts: run': ['test/cli/next-commands.test.ts', 'of a plan in a file carry it out in the service, and show what moved'],
  'cli/service/run.ts: rollback': [
    'test/cli/next-commands.test.ts',
    'lead from a plan in a service to its approval, its stop and its rollback',
  ],
  'cli/service/run.ts: watch': [
    'test/cli/next-commands.test.ts',
    'lead from a plan in a service to its approval, its stop and its rollback',
  ],
  'cli/stopped.ts: rollback': ['test/cli/next-commands.test.ts', 'of a local run resume it, look at it and roll it back'],
  'cli/stopped.ts: run': ['test/cli/next-commands.test.ts', 'of a local run resume it, look at it and roll it back'],
  'src/report/exports/export.ts: plan': ['test/cli/next-commands.test.ts', 'of a page of a plan, and of an export of one, work'],
  'src/report/fleet-table.ts: fleet run': ['test/cli/fleet.test.ts', 'plans, runs, is interrupted, goes on, and is in the journal'],
  'src/report/fleet-table.ts: report': ['test/cli/next-commands.test.ts', 'of a fleet that needs an operator show it'],
  'src/report/fleet-table.ts: rollback': ['test/cli/fleet.test.ts', 'plans, runs, is interrupted, goes on, and is in the journal'],
  'src/report/state/fleet-state.ts: fleet run': ['test/cli/fleet.test.ts', 'plans, runs, is interrupted, goes on, and is in the journal'],
  'src/report/state/fleet-state.ts: fleet status': ['test/cli/next-commands.test.ts', 'of a fleet that needs an operator show it'],
  'src/report/state/fleet-state.ts: report': ['test/cli/next-commands.test.ts', 'of a fleet that needs an operator show it'],
  'src/report/state/run-state.ts: approve': [
    'test/cli/next-commands.test.ts',
    'lead from a plan in a service to its approval, its stop and its rollback',
  ],
  'src/report/state/run-state.ts: report': ['test/cli/next-commands.test.ts', 'of a run that needs an operator show it'],
  'src/report/state/run-state.ts: rollback': ['test/cli/next-commands.test.ts', 'of a local run resume it, look at it and roll it back'],
  'src/report/state/run-state.ts: run': ['test/cli/next-commands.test.ts', 'of a local run resume it, look at it and roll it back'],
  'src/report/summary.ts: approve': [
    'test/cli/next-commands.test.ts',
    'lead from a plan in a service to its approval, its stop and its rollback',
  ],
  'src/report/summary.ts: rollback': ['test/cli/next-commands.test.ts', 'of a local run resume it, look at it and roll it back'],
  'src/report/summary.ts: run': ['test/cli/next-commands.test.ts', 'of a local run resume it, look at it and roll it back'],
  'src/service/pages.ts: report': ['test/cli/next-commands.test.ts', 'of a notification print a link that opens the page of its run'],
};

/** Every place in the sources where a command for the reader is made. */
function places(): string[] {
  const files = ['cli', 'src'].flatMap((room) =>
    readdirSync(join(ROOT, room), { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.ts'))
      .map((name) => `${room}/${name}`),
  );
  // Help and scripts of shells are for everybody; the rest of these declare commands.
  const apart = /^cli\/(program|arguments|capture-arguments|shell|screen)\.ts$|^cli\/(command-line|completion)\/|^src\/plan\//;
  const found = files
    .filter((file) => !apart.test(file))
    .flatMap((file) => {
      const text = readFileSync(join(ROOT, file), 'utf8').replaceAll(/^\s*(\/?\*|\/\/).*$/gm, '');
      const made = [...text.matchAll(/\b(?:nextCommand\(invocation|command\()[,\s]*'([a-z]+)'(?:,\s*'([a-z]+)')?/g)].map(
        ([, name = '', action]) => (name === 'fleet' ? `fleet ${action}` : name),
      );
      const literal = [...text.matchAll(/`\s*podshift ([a-z]+) [^`]*\$\{(?!runId\b)/g)].map(([, name = '']) => name);
      const typed = /`\s*podshift \$\{\[/.test(text) ? ['typed'] : [];
      return [...made, ...literal, ...typed].map((words) => `${file}: ${words}`);
    });
  return [...new Set(found)].toSorted();
}

describe('the commands that podshift tells its reader to type', { timeout: 600_000 }, () => {
  it('are each pasted by a test', () => {
    expect(places()).toEqual(Object.keys(PLACES).toSorted());
    for (const [place, [file, test]] of Object.entries(PLACES))
      expect(readFileSync(join(ROOT, file), 'utf8'), place).toContain(`it('${test}'`);
  });

  it('of a served twin work', async () => {
    const served = await service();
    for (const words of ['status', `run --service ${served.url}`]) {
      const running = paste(commandIn(indented(served.said), words));
      const seen = words === 'status' ? (await running.ended).stderr : await running.seen(/run \w{26} on shop/);
      expect(seen).toMatch(words === 'status' ? `no runs in ${served.url}` : 'run ');
      running.process.kill('SIGINT');
      await running.ended;
    }
    const { said, env } = await twin();
    expect(await pasted(`${commandIn(indented(said), 'plan')} -n media`, { env })).toMatchObject({ code: 0 });
  });

  it('lead from a plan in a service to its approval, its stop and its rollback', async () => {
    const { url } = await service();
    const times = '--soak-seconds 60 --injection-timeout-seconds 7200 --proof-timeout-seconds 7200 --rollout-timeout-seconds 7200';
    const planned = await pasted(`podshift run --service ${url} --cluster shop --region eu-central-1 -n media ${times}`);
    const migrated = await pasted(commandIn(planned.stderr, 'run'));
    expect(migrated).toMatchObject({ code: 0, stdout: expect.stringContaining(': migrated') });
    const asked = await pasted(commandIn(migrated.stdout, 'rollback').replace(/ --approve$/, ''));
    expect(asked).toMatchObject({ code: 0, stderr: expect.stringContaining('nothing was changed') });
    expect(commandIn(asked.stderr, 'rollback')).toBe(commandIn(migrated.stdout, 'rollback'));
    expect(await pasted(commandIn(asked.stderr, 'rollback'))).toMatchObject({ code: 0, stdout: expect.stringContaining('rolled back') });

    const waits = `podshift run --service ${url} --cluster shop --region eu-central-1 -n search ${times} --approve --require-approval`;
    const first = paste(waits);
    const told = commandIn(await first.seen(/--digest \w{64}/), 'approve');
    const listed = await podshift('status', '--service', url);
    const shown = await pasted(commandIn(listed.stderr, 'approve'));
    expect(shown).toMatchObject({ code: 0, stderr: expect.stringContaining('not approved yet') });
    expect([commandIn(shown.stderr, 'approve'), commandIn(shown.stdout, 'approve')]).toEqual([told, told]);
    first.process.kill('SIGINT');
    const left = (await first.ended).stderr;
    const approved = await pasted(told);
    expect(approved).toMatchObject({ code: 0, stderr: expect.stringContaining('is approved') });
    const watching = paste(commandIn(approved.stderr, 'watch'));
    await watching.seen('search/');
    watching.process.kill('SIGINT');
    expect(commandIn((await watching.ended).stderr, 'watch')).toBe(commandIn(left, 'watch'));
    expect(await pasted(commandIn(left, 'rollback'))).toMatchObject({ code: 0, stdout: expect.stringContaining('rolled back') });
    expect((await pasted(commandIn(left, 'watch'))).code).toBe(5);
  });

  it('of a notification print a link that opens the page of its run', async () => {
    const { url } = await service();
    const run = `podshift run --service ${url} --cluster shop --region eu-central-1 -n media --soak-seconds 60 --approve`;
    const [id = ''] = /\b\w{26}\b/.exec((await pasted(run)).stdout) ?? [];
    const [command = ''] = /podshift report .*$/.exec(pageText(id, url)) ?? [];
    const { code, stdout, stderr } = await pasted(command);
    expect([code, stderr]).toEqual([0, expect.stringMatching(/^opens the page for whoever has it, until 2\S+Z\n$/)]);
    const page = await (await fetch(stdout.trimEnd())).text();
    expect(page).toMatch(/^<!doctype html>/i);
    expect(page).toContain(id);
    const as = async (format: string) => (await pasted(`${command} -o ${format}`)).stdout;
    expect(JSON.parse(await as('json'))).toMatchObject({ kind: 'PageLink', run: id, url: expect.stringContaining(`${url}/pages/`) });
    expect(await as('yaml')).toMatch(/^kind: PageLink$/m);
    // The address that the event names answers with a link, too.
    const answer = await fetch(`${url}${pagePath(id)}`);
    expect([answer.status, await answer.json()]).toEqual([200, expect.objectContaining({ kind: 'PageLink', run: id })]);
  });

  it('of a plan in a file carry it out in the service, and show what moved', async () => {
    const [{ url }, { env }] = await Promise.all([service(), twin()]);
    const file = join(await scratch(), 'plan.json');
    const flags = '-n media --soak-seconds 60 --injection-timeout-seconds 7200 --proof-timeout-seconds 7200';
    const kept = await pasted(`podshift plan --cluster shop --region eu-central-1 ${flags} --out ${file}`, { env });
    // What reads the cluster itself is told which service to drive by a setting.
    expect(await pasted(commandIn(kept.stderr, 'run'), { env: { ...env, PODSHIFT_SERVICE: url } })).toMatchObject({ code: 0 });
    const moved = await pasted(`podshift run --service ${url} --plan ${file} --approve`);
    expect(moved).toMatchObject({ code: 3, stderr: expect.stringContaining('nothing was changed') });
    // This twin is another one than the service's: nothing of it has moved.
    expect(await pasted(commandIn(moved.stderr, 'plan --compare'), { env })).toMatchObject({
      code: 0,
      stdout: expect.stringContaining(': the same now'),
    });
    const anew = await pasted(commandIn(moved.stderr, 'run'));
    expect(anew).toMatchObject({ code: 0, stderr: expect.stringContaining('nothing was changed; run again with --approve:') });
    // A plan has nothing to roll back, whatever was migrated before it.
    expect(anew.stdout).not.toContain('podshift rollback');
  });

  it('of a local run resume it, look at it and roll it back', async () => {
    const { env } = await twin();
    const cwd = await scratch();
    const options = { env, cwd };
    const times = '--iam-propagation-seconds 2 --injection-interval-seconds 1 --soak-seconds 86400';
    const planned = await pasted(`podshift run --cluster shop --region eu-central-1 -n media ${times} --journal ${cwd}/a\\ b`, options);
    const first = paste(commandIn(planned.stderr, 'run'), options);
    const id = /run (\w{26}): running/.exec(await first.seen(/run \w{26}: running/))?.[1] ?? '';
    const watching = paste(`podshift watch ${id} --journal ${cwd}/a\\ b`, options);
    await watching.seen('soaking until');
    watching.process.kill('SIGINT');
    const again = paste(commandIn((await watching.ended).stderr, 'watch'), options);
    await again.seen('soaking until');
    const early = await podshift('export', id, '--journal', `${cwd}/a b`, '--out', `${cwd}/code`);
    expect(early).toMatchObject({ code: 2, stderr: expect.stringContaining('has not ended') });
    const followed = paste(commandIn(early.stderr, 'watch'), options);
    await followed.seen('soaking until');
    followed.process.kill('SIGINT');
    first.process.kill('SIGINT');
    const { stderr: stopped } = await first.ended;
    const resume = commandIn(stopped, 'run --local --resume');
    const said = await again.ended;
    expect(said.code).toBe(1);
    expect([commandIn(said.stderr, 'run'), commandIn(said.stderr, 'rollback')]).toEqual([resume, commandIn(stopped, 'rollback')]);
    const listed = await pasted(`podshift status --journal ${cwd}/a\\ b`, options);
    const shown = await pasted(`podshift status ${id} --journal ${cwd}/a\\ b`, options);
    expect([commandIn(listed.stderr, 'run'), commandIn(shown.stdout, 'run')]).toEqual([resume, resume]);
    const resumed = paste(resume, options);
    await resumed.seen('Ctrl-C stops it');
    resumed.process.kill('SIGINT');
    const back = commandIn((await resumed.ended).stderr, 'rollback');
    const asked = await pasted(back.replace(/ --approve$/, ''), options);
    expect(commandIn(asked.stderr, 'rollback')).toBe(back);
    expect(await pasted(back, options)).toMatchObject({ code: 0, stdout: expect.stringContaining('rolled back') });
  });

  it('of a run that needs an operator show it', async () => {
    const path = join(await scratch(), 'journal');
    await withJournal(path, async (journal) => {
      await journal.createRun({ runId: 'r1', target: TARGET, options: migrationOptions.parse({}), startedAt: '2026-01-01T00:00:00Z' });
      await journal.updateRun('r1', { status: 'needs-operator', reason: 'look', endedAt: '2026-01-01T00:01:00Z' });
    });
    const { stderr } = await podshift('status', '--journal', path);
    expect(await pasted(commandIn(stderr, 'report'))).toMatchObject({ code: 0, stdout: expect.stringContaining('run r1 on') });
    const { stderr: recorded } = await podshift('audit', 'r1', '--journal', path);
    const whole = await pasted(commandIn(recorded, 'audit'));
    expect(JSON.parse(whole.stdout)).toMatchObject({ kind: 'Audit', run: 'r1' });
  });

  it('of a fleet that needs an operator show it', async () => {
    const path = join(await scratch(), 'journal');
    const clusterArn = 'arn:aws:eks:eu-central-1:444455556666:cluster/shop';
    const runId = clusterRunId('f1', clusterArn, 'run');
    const startedAt = '2026-01-01T00:00:00Z';
    const needy = { status: 'needs-operator', reason: 'look' } as const;
    await withJournal(path, async (journal) => {
      const spec = fleetSpec.parse({ regions: ['eu-central-1'] });
      await journal.createFleet({ fleetId: 'f1', mode: 'run', approval: 'none', expectedDigest: null, spec, startedAt });
      await journal.updateFleet('f1', { ...needy, endedAt: startedAt });
      const member = {
        fleetId: 'f1',
        clusterArn,
        target: TARGET,
        tagged: false,
        digest: '',
        units: null,
        wave: 0,
        startedAt: { run: startedAt },
      };
      await journal.putMembers([{ ...member, ...needy }]);
      await journal.createRun({ runId, target: TARGET, options: migrationOptions.parse({}), startedAt });
      await journal.updateRun(runId, { ...needy, clusterArn, endedAt: startedAt });
    });
    const listed = await podshift('fleet', 'status', '--journal', path);
    const shown = await pasted(commandIn(listed.stderr, 'fleet status'));
    expect(shown).toMatchObject({ code: 0, stdout: expect.stringContaining('needs an operator: look') });
    expect(commandIn(shown.stderr, 'report')).toBe(commandIn(shown.stdout, 'report'));
    expect(await pasted(commandIn(shown.stdout, 'report'))).toMatchObject({ code: 0, stdout: expect.stringContaining(`run ${runId} on`) });

    const watched = await podshift('fleet', 'status', 'f1', '--watch', '--journal', path);
    expect(watched).toMatchObject({ code: 0, stderr: '' });
    expect(watched.stdout).toMatch(
      /^\S+Z {2}f1 .* shop \(eu-central-1, account 444455556666\) {2}needs an operator: look: look with `podshift report/m,
    );
    expect(watched.stdout).toMatch(/^\S+Z {2}f1 {2}fleet {2}needs an operator: look/m);
    const objects = (await podshift('fleet', 'status', 'f1', '--watch', '-o', 'json', '--journal', path)).stdout.trimEnd().split('\n');
    expect(objects.map((line) => (JSON.parse(line) as { state: { name: string } }).state.name)).toEqual([
      'needs-operator',
      'needs-operator',
    ]);
    expect(await podshift('fleet', 'status', '--watch', '-o', 'yaml', '--journal', path)).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('--watch goes with'),
    });
  });

  it('of a page of a plan, and of an export of one, work', async () => {
    const folder = await scratch();
    const file = join(folder, 'plan.json');
    const { stdout: page } = await podshift('plan', SHOP, '-n', 'media', '--out', file, '-o', 'html');
    const [rehearse = ''] = /podshift rehearse [^<]+/.exec(page) ?? [];
    expect(await pasted(`${rehearse} -n media`)).toMatchObject({ code: 0, stdout: expect.stringContaining('1 migrated') });
    expect((await podshift('export', file, '--out', join(folder, 'code'))).code).toBe(0);
    const { env } = await twin();
    const look = commandIn(readFileSync(join(folder, 'code', 'README.md'), 'utf8'), 'plan');
    expect(await pasted(`${look} -n media`, { env })).toMatchObject({ code: 0, stdout: expect.stringContaining('media/thumbnails') });
  });

  it('are never for an approval where nobody can give one', async () => {
    const refused = await podshift('run', '--cluster', 'shop', '--region', 'eu-central-1', '--approve', '--require-approval');
    expect(refused).toMatchObject({ code: 2, stderr: expect.stringContaining('--require-approval needs --service') });
  });
});

const TARGET = { clusterName: 'shop', region: 'eu-central-1', assumeRoleArn: null };

async function scratch(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'podshift-next-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

async function withJournal(path: string, write: (journal: Journal) => Promise<unknown>): Promise<void> {
  const clock = createSystemClock();
  const local = await openLocalJournal({ path, clock });
  await write(local.journal).finally(() => local.close());
  clock.close();
}

/** What a server says when it is up has its commands in the first column. */
function indented(said: string): string {
  return said.replaceAll(/^podshift /gm, '  podshift ');
}

async function service(): Promise<{ readonly url: string; readonly said: string }> {
  const said = await start(['cli/main.ts', 'serve', SHOP, '--speed', '50']).seen(/podshift status --service .*\n/);
  return { said, url: (JSON.parse(/\{"url":.*\}/.exec(said)?.[0] ?? '') as { url: string }).url };
}

/** A served twin, and the environment that it tells its reader to set. */
async function twin(): Promise<{ readonly said: string; readonly env: Record<string, string> }> {
  const said = await start(['cli/main.ts', 'twin', SHOP, '--no-delays']).seen(/podshift plan --cluster .*\n/);
  const set = [...said.matchAll(/(AWS_\w+)=(\S+)/g)].map(([, name = '', value = '']) => [name, value]);
  return { said, env: Object.fromEntries(set) };
}
