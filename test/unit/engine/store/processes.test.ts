import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, chownSync, mkdirSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, onTestFinished } from 'vitest';
import { openLocalJournal, readLocalJournal } from '../../../../engine/local-journal.ts';
import type { PodshiftError } from '../../../../src/model/errors.ts';
import { migrationOptions } from '../../../../src/model/options.ts';
import { items } from './items.ts';
import { all, look, newFolder, open } from './scene.ts';

const CHILD = fileURLToPath(new URL('child.ts', import.meta.url));
/** Somebody who is not root: root may write everywhere. */
const NOBODY = process.getuid?.() === 0 ? '65534' : String(process.getuid?.());

const clock = { now: () => Date.UTC(2026, 0, 5, 9) };
const newRun = (runId: string) => ({
  runId,
  target: { clusterName: 'shop', region: 'eu-west-1', assumeRoleArn: null },
  options: migrationOptions.parse({}),
  startedAt: '2026-01-05T09:00:00.000Z',
});

/** A process under way, the lines that it says, and its end. */
function start(work: readonly (readonly [action: string, folder: string])[], user = '-') {
  const child = spawn(process.execPath, [CHILD, user, ...work.flat()], { stdio: ['ignore', 'pipe', 'inherit'] });
  onTestFinished(() => void child.kill('SIGKILL'));
  const ended = new Promise((resolve) => child.once('close', resolve));
  return { child, ended, lines: createInterface(child.stdout) };
}

/** What a process says that does some things and ends. */
async function say(work: readonly (readonly [action: string, folder: string])[], user?: string): Promise<unknown[]> {
  const said: unknown[] = [];
  for await (const line of start(work, user).lines) said.push(JSON.parse(line));
  return said;
}

describe('processes that share a journal', () => {
  it('lose nothing that was answered when one is killed in the midst of its writes', async () => {
    const folder = newFolder();
    let answered = -1;
    for (const writes of [17, 60]) {
      const { child, lines, ended } = start([['write', folder]]);
      for await (const line of lines) {
        answered = Math.max(answered, Number(line));
        if (Number(line) === writes) child.kill('SIGKILL');
      }
      await ended;
      const found = await all(await look(folder));
      expect(found.length).toBeGreaterThan(answered);
      expect(found).toEqual(items(found.length));
    }
  });

  it('write one after the other, and each sees what the other wrote', async () => {
    const folder = newFolder();
    expect(await Promise.all([say([['count', folder]]), say([['count', folder]])])).toEqual([['counted'], ['counted']]);
    expect(await all(await look(folder))).toEqual([{ pk: 'RUN#r', sk: 'COUNT', count: 300 }]);
  });

  it('read while another one writes', async () => {
    const folder = newFolder();
    let seen = 0;
    for await (const line of start([['write', folder]]).lines) {
      const found = (await all(await look(folder))).length;
      expect(found).toBeGreaterThan(Number(line));
      expect(found).toBeGreaterThanOrEqual(seen);
      seen = found;
      if (Number(line) === 5) break;
    }
    expect(seen).toBeGreaterThan(5);
  });

  it('leave a run to the one that carries it out, and take it up when that one has died', async () => {
    const folder = newFolder();
    const first = await openLocalJournal({ path: folder, clock });
    await first.journal.createRun(newRun('r'));
    await first.close();
    const { child, lines, ended } = start([['carry', folder]]);
    const [pid] = await once(lines, 'line');
    const second = await openLocalJournal({ path: folder, clock });
    const refused = {
      name: 'JournalInUse',
      message: expect.stringMatching(new RegExp(`run r in .* is in use by another podshift process \\(process ${pid}\\)`)),
    };
    await expect(second.journal.updateRun('r', { status: 'running' })).rejects.toMatchObject(refused);
    await expect(second.journal.addCalls('r', { eks: 1, iam: 0, sts: 0, kubernetes: 0, cloudtrail: 0 })).rejects.toMatchObject(refused);
    expect((await second.journal.getRun('r')).status).toBe('running');
    expect(await second.journal.createRun(newRun('other'))).toMatchObject({ runId: 'other' });
    child.kill('SIGKILL');
    await ended;
    expect(await second.journal.updateRun('r', { status: 'migrated' })).toMatchObject({ status: 'migrated' });
    await second.close();
  });

  it('see which runs are carried out, at every moment, and make nothing by looking', async () => {
    const folder = newFolder();
    const first = await openLocalJournal({ path: folder, clock });
    await first.journal.createRun(newRun('r'));
    const reader = await readLocalJournal({ path: folder, clock });
    onTestFinished(() => reader?.close());
    expect(reader?.isCarried('run', 'r')).toBe(true);
    expect([reader?.isCarried('run', 'other'), reader?.isCarried('fleet', 'r')]).toEqual([false, false]);
    await first.close();
    expect(reader?.isCarried('run', 'r')).toBe(false);
    const { child, lines, ended } = start([['carry', folder]]);
    await once(lines, 'line');
    expect(reader?.isCarried('run', 'r')).toBe(true);
    child.kill('SIGKILL');
    await ended;
    const files = readdirSync(join(folder, 'locks'));
    expect([reader?.isCarried('run', 'r'), reader?.isCarried('run', 'other')]).toEqual([false, false]);
    expect(readdirSync(join(folder, 'locks'))).toEqual(files);
  });

  it('take a run in the very moment in which another one looks at it', async () => {
    const folder = newFolder();
    const first = await openLocalJournal({ path: folder, clock });
    await first.journal.createRun(newRun('r'));
    await first.close();
    const looking = start([['glance', folder]]);
    await once(looking.lines, 'line');
    const { journal, close } = await openLocalJournal({ path: folder, clock });
    expect(await journal.updateRun('r', { status: 'running' })).toMatchObject({ status: 'running' });
    await close();
  });

  it('let go of a run with the journal', async () => {
    const path = newFolder();
    const first = await openLocalJournal({ path, clock });
    await first.journal.createRun(newRun('r'));
    const second = await openLocalJournal({ path, clock });
    await expect(second.journal.updateRun('r', { status: 'running' })).rejects.toMatchObject({ name: 'JournalInUse' });
    await first.close();
    await second.journal.updateRun('r', { status: 'running' });
    await second.close();
    const reader = await readLocalJournal({ path, clock });
    expect(await reader?.journal.getRun('r')).toMatchObject({ status: 'running' });
    await reader?.close();
  });

  it('wait for a write of another one, and say so where it never ends', async () => {
    const folder = newFolder();
    const failures: PodshiftError[] = [];
    const store = await open(folder, { busyMilliseconds: 50, onFailure: (error) => void failures.push(error) });
    const { DatabaseSync } = await import('node:sqlite');
    const other = new DatabaseSync(join(folder, 'journal.db'));
    other.exec('BEGIN IMMEDIATE');
    const stuck = { name: 'JournalInUse', message: expect.stringContaining('does not finish') };
    await expect(store.table.put({ pk: 'RUN#r', sk: 'a' })).rejects.toMatchObject(stuck);
    other.exec('ROLLBACK');
    other.close();
    expect(failures).toHaveLength(1);
    // Whoever was told that a write failed does not find that a later one did not.
    await expect(store.table.put({ pk: 'RUN#r', sk: 'b' })).rejects.toMatchObject(stuck);
    store.close();
    expect(await all(await look(folder))).toEqual([]);
  });
});

describe('a journal that cannot be written', () => {
  const owned = (folder: string, mode: number): string => {
    if (process.getuid?.() === 0)
      for (const path of [folder, ...readdirSync(folder).map((name) => join(folder, name))])
        chownSync(path, Number(NOBODY), Number(NOBODY));
    chmodSync(folder, mode);
    onTestFinished(() => chmodSync(folder, 0o700));
    return folder;
  };
  const written = async (): Promise<string> => {
    const folder = newFolder();
    const store = await open(folder);
    for (const item of items(5)) await store.table.put(item);
    store.close();
    rmSync(join(folder, 'locks'), { recursive: true });
    return folder;
  };

  it('is named before anything is done, and is read where it may be read', async () => {
    const empty = owned(newFolder(), 0o500);
    const readable = owned(await written(), 0o500);
    const others = owned(await written(), 0o700);
    chmodSync(join(others, 'journal.db'), 0o000);
    const closed = owned(await written(), 0o000);
    const said = await say(
      [
        ['open', empty],
        ['look', empty],
        ['open', readable],
        ['look', readable],
        ['open', others],
        ['look', others],
        ['open', closed],
        ['look', closed],
      ],
      NOBODY,
    );
    const unavailable = { name: 'JournalUnavailable' };
    expect(said).toMatchObject([unavailable, 'none', unavailable, 5, unavailable, unavailable, unavailable, unavailable]);
    expect(said[0]).toMatchObject({ message: expect.stringContaining('may not write') });
    expect(readdirSync(readable).sort()).toEqual(['journal.db', 'journal.db-commits']);
  });

  it('does not tell who carries its runs to those who may not look', async () => {
    const folder = newFolder();
    const first = await openLocalJournal({ path: folder, clock });
    await first.journal.createRun(newRun('r'));
    await first.close();
    chmodSync(join(folder, 'locks', 'RUN%23r'), 0o000);
    const locks = join(folder, 'locks');
    if (process.getuid?.() === 0)
      for (const path of [folder, locks, ...readdirSync(folder).map((name) => join(folder, name)), join(locks, 'RUN%23r')])
        chownSync(path, Number(NOBODY), Number(NOBODY));
    expect(await say([['carried', folder]], NOBODY)).toEqual(['unknown']);
  });

  it('is named where the path is a file', async () => {
    const path = join(newFolder(), 'file');
    writeFileSync(path, '');
    for (const reading of [open, look]) {
      await expect(reading(path)).rejects.toMatchObject({ name: 'JournalForeign', message: expect.stringContaining(path) });
    }
  });
});

describe('a full disk', () => {
  /** A file system of so many bytes; undefined where this user may not mount one. */
  function smallDisk(bytes: number): string | undefined {
    const folder = newFolder();
    try {
      execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${bytes}`, 'tmpfs', folder], { stdio: 'ignore' });
    } catch {
      return undefined;
    }
    onTestFinished(() => void execFileSync('umount', ['-l', folder]));
    return folder;
  }

  it('stops the writes, loses none that was answered, and is gone with the space that is freed', async ({ skip }) => {
    const disk = smallDisk(600_000);
    if (disk === undefined) return skip('this user may not mount a file system');
    const folder = join(disk, 'journal');
    const failures: PodshiftError[] = [];
    const store = await open(folder, { onFailure: (error) => void failures.push(error) });
    await store.table.put({ pk: 'RUN#r', sk: 'A', text: 'first' });
    const ballast = join(disk, 'ballast');
    writeFileSync(ballast, Buffer.alloc(250_000));
    let answered = 0;
    const full = { name: 'JournalFull', message: expect.stringContaining(folder) };
    const fill = async (): Promise<void> => {
      for (const item of items(1000)) {
        await store.table.put(item);
        answered += 1;
      }
    };
    await expect(fill()).rejects.toMatchObject(full);
    expect(failures).toMatchObject([full]);
    expect(answered).toBeGreaterThan(5);
    expect(await all(store)).toHaveLength(answered + 1);
    rmSync(ballast);
    await expect(store.table.put({ pk: 'RUN#r', sk: 'B' })).rejects.toMatchObject(full);
    store.close();
    const again = await open(folder);
    expect(await all(again)).toEqual([{ pk: 'RUN#r', sk: 'A', text: 'first' }, ...items(answered)]);
    await again.table.put({ pk: 'RUN#r', sk: 'B' });
  });

  it('is named where not even an empty journal has room', async ({ skip }) => {
    const disk = smallDisk(8192);
    if (disk === undefined) return skip('this user may not mount a file system');
    mkdirSync(join(disk, 'journal'));
    await expect(open(join(disk, 'journal'))).rejects.toMatchObject({ name: 'JournalFull' });
    expect(statSync(join(disk, 'journal', 'journal.db'), { throwIfNoEntry: false })).toBeUndefined();
  });
});
