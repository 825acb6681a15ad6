import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { chooseJournal, stateFolder, withJournalChosen } from '../../cli/journal-folder.ts';
import { type Invocation, parseCommandLine } from '../../cli/program.ts';
import { openLocalJournal } from '../../engine/local-journal.ts';
import { migrationOptions } from '../../src/model/options.ts';
import { start } from './spawn.ts';

describe("the user's journal", () => {
  it.each([
    ['by itself on Linux', 'linux', {}, '/home/ada', '/home/ada/.local/state/podshift'],
    ['by itself on a Mac', 'darwin', {}, '/Users/ada', '/Users/ada/.local/state/podshift'],
    ['in the state folder of the environment', 'linux', { XDG_STATE_HOME: '/var/ada' }, '/home/ada', '/var/ada/podshift'],
    ['not in a relative one, which the specification has ignored', 'linux', { XDG_STATE_HOME: 'ada' }, '/h', '/h/.local/state/podshift'],
    ['not in an empty one', 'darwin', { XDG_STATE_HOME: '' }, '/h', '/h/.local/state/podshift'],
    ['on Windows', 'win32', { LOCALAPPDATA: 'D:\\Local', XDG_STATE_HOME: '/x' }, 'C:\\Users\\ada', 'D:\\Local\\podshift'],
    ['on Windows without the variable', 'win32', {}, 'C:\\Users\\ada', 'C:\\Users\\ada\\AppData\\Local\\podshift'],
  ] as const)('is %s', (_name, platform, environment, home, folder) => {
    expect(stateFolder({ platform, environment, home })).toBe(folder);
  });
});

describe('the journal of a command that was given none', () => {
  const absent = { isThere: false, hasNamed: false };
  const there = { isThere: true, hasNamed: false };
  const named = { isThere: true, hasNamed: true };

  it.each([
    ["the user's", absent, absent, 'user', null],
    ["the user's where it is the only one", there, absent, 'user', null],
    [
      'that of the folder where there is one',
      absent,
      there,
      'old',
      'the journal of this folder is old, where older versions kept it; elsewhere it is user',
    ],
    ['that of the folder beside another', there, there, 'old', 'elsewhere it is user; "--journal user" takes the other one'],
    ['that of the folder where both have the run', named, named, 'old', 'the journal of this folder is old'],
    ["the user's for a run that only it has", named, there, 'user', 'read from the journal in user; this folder has another one in old'],
  ])('is %s', (_name, user, old, folder, remark) => {
    expect(chooseJournal({ folder: 'user', ...user }, { folder: 'old', ...old })).toEqual({
      folder,
      remark: remark === null ? null : expect.stringContaining(remark),
    });
  });
});

describe('a journal in the working folder', () => {
  let cwd = '';
  let user = '';
  beforeAll(async () => {
    cwd = await mkdtemp(join(tmpdir(), 'podshift-journals-'));
    user = join(cwd, 'state/podshift');
    await journalWith(join(cwd, '.podshift'), 'old-run', 'old-fleet');
    await journalWith(user, 'new-run', 'new-fleet');
  });
  afterAll(() => rm(cwd, { recursive: true, force: true }));

  const parsed = (...argv: string[]): Invocation => {
    const invocation = parseCommandLine(argv, '', 80);
    if ('text' in invocation) throw new Error(invocation.text);
    return invocation;
  };
  const chosen = async (...argv: string[]): Promise<unknown> =>
    (await withJournalChosen(parsed(...argv), { cwd, user })).invocation.flags.journal;

  it.each([
    ['for a list', ['status']],
    ['for a new run', ['run', '--approve']],
    ['to retire a daemon', ['retire', 'kiam', '--approve']],
    ['for its run', ['status', 'old-run']],
    ['to take its run up', ['run', '--resume', 'old-run']],
    ['to roll its run back', ['rollback', 'old-run', '--approve']],
    ['for its fleet', ['fleet', 'status', 'old-fleet']],
    ['for a run that no journal has', ['report', 'nope']],
  ])('is taken %s', async (_name, argv) => {
    expect(await chosen(...argv)).toBe(join(cwd, '.podshift'));
  });

  it.each([
    ['for a run that only the other has', ['rollback', 'new-run']],
    ['for a fleet that only the other has', ['fleet', 'run', '--resume', 'new-fleet']],
    ["for a service's runs", ['status', '--service', 'https://example.com']],
  ])('is not taken %s', async (_name, argv) => {
    expect(await chosen(...argv)).toBeNull();
  });

  it('is not taken for the journal that was given, and not by a command that keeps none', async () => {
    expect(await chosen('status', '--journal', 'given')).toBe('given');
    expect(await chosen('demo')).toBeUndefined();
  });

  it('is taken also where it was damaged: the command says so, and reads no other', async () => {
    const folder = join(cwd, 'damaged');
    await mkdir(join(folder, '.podshift'), { recursive: true });
    await writeFile(join(folder, '.podshift/journal.db'), 'no database');
    const { invocation } = await withJournalChosen(parsed('status', 'x'), { cwd: folder, user });
    expect(invocation.flags.journal).toBe(join(folder, '.podshift'));
  });

  it('is taken also where nobody can say what is in it, and not where there is none', async () => {
    const folder = await mkdtemp(join(cwd, 'loop-'));
    await symlink('.podshift', join(folder, '.podshift'));
    expect((await withJournalChosen(parsed('status'), { cwd: folder, user })).invocation.flags.journal).toBe(join(folder, '.podshift'));
    const none = await mkdtemp(join(cwd, 'none-'));
    expect((await withJournalChosen(parsed('status'), { cwd: none, user })).invocation.flags.journal).toBeNull();
  });

  it("is named to who reads its runs, and the user's is read elsewhere", async () => {
    const status = (folder: string) =>
      start([join(import.meta.dirname, '../../cli/main.ts'), 'status', '-o', 'json'], {
        cwd: folder,
        env: { XDG_STATE_HOME: join(cwd, 'state') },
      }).ended;
    const [here, elsewhere] = await Promise.all([status(cwd), status(tmpdir())]);
    expect(JSON.parse(here.stdout)).toMatchObject({ runs: [{ id: 'old-run' }] });
    expect(here.stderr.replaceAll(/\s+/g, ' ')).toContain(
      `the journal of this folder is ${join(cwd, '.podshift')}, where older versions kept it`,
    );
    expect(JSON.parse(elsewhere.stdout)).toMatchObject({ runs: [{ id: 'new-run' }] });
    expect(elsewhere.stderr).toBe('');
  });
});

async function journalWith(path: string, runId: string, fleetId: string): Promise<void> {
  const { journal, close } = await openLocalJournal({ path, clock: { now: () => 0 } });
  const startedAt = new Date(0).toISOString();
  const target = { clusterName: 'shop', region: 'eu-central-1', assumeRoleArn: null };
  await journal.createRun({ runId, target, options: migrationOptions.parse({}), startedAt });
  await journal.createFleet({ fleetId, mode: 'run', approval: 'none', expectedDigest: null, spec: {} as never, startedAt });
  await close();
}
