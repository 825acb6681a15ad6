import { chmodSync, existsSync, mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, expect, it } from 'vitest';
import { readStore } from '../../../../engine/store/store.ts';
import { items } from './items.ts';
import { all, killedCopy, look, newFolder, open } from './scene.ts';

const mode = (path: string): string => (statSync(path).mode & 0o777).toString(8);

describe('the journal on disk', () => {
  it('keeps what was written, for the next process that opens it', async () => {
    const folder = newFolder();
    const first = await open(folder);
    for (const item of items(30)) await first.table.put(item);
    first.close();
    expect(await all(await open(folder))).toEqual(items(30));
  });

  it('syncs each commit to the disk', async () => {
    const folder = newFolder();
    const databases: DatabaseSync[] = [];
    const prepare = DatabaseSync.prototype.prepare;
    DatabaseSync.prototype.prepare = function (this: DatabaseSync, sql: string) {
      databases.push(this);
      return prepare.call(this, sql);
    };
    try {
      await open(folder);
    } finally {
      DatabaseSync.prototype.prepare = prepare;
    }
    const database = databases.at(-1);
    expect(database?.prepare('PRAGMA journal_mode').get()).toEqual({ journal_mode: 'wal' });
    expect(database?.prepare('PRAGMA synchronous').get()).toEqual({ synchronous: 2 });
  });

  it('has each write in its files once it is answered', async () => {
    const folder = newFolder();
    const store = await open(folder);
    for (const [index, item] of items(12).entries()) {
      await store.table.put(item);
      expect(await all(await look(killedCopy(folder)))).toHaveLength(index + 1);
    }
  });

  it('is its user’s alone, folder and files', async () => {
    const folder = join(newFolder(), 'state', 'podshift');
    const store = await open(folder);
    await store.table.put({ pk: 'RUN#r', sk: 'a' });
    expect([mode(folder), mode(join(folder, '..'))]).toEqual(['700', '700']);
    const files = readdirSync(folder).filter((name) => name.startsWith('journal.db'));
    expect(files.sort()).toEqual(['journal.db', 'journal.db-commits', 'journal.db-shm', 'journal.db-wal']);
    for (const name of files) expect([name, mode(join(folder, name))]).toEqual([name, '600']);
  });

  it('takes the rights of others from a journal that they could read', async () => {
    const folder = newFolder();
    (await open(folder)).close();
    chmodSync(folder, 0o755);
    for (const name of ['journal.db', 'journal.db-commits']) chmodSync(join(folder, name), 0o644);
    await open(folder);
    expect(['', 'journal.db', 'journal.db-commits'].map((name) => mode(join(folder, name)))).toEqual(['700', '600', '600']);
  });

  it('leaves the rights of a folder with other things as they are', async () => {
    const folder = newFolder();
    writeFileSync(join(folder, 'notes.txt'), 'mine');
    chmodSync(folder, 0o755);
    await open(folder);
    expect([mode(folder), mode(join(folder, 'journal.db'))]).toEqual(['755', '600']);
  });

  it('leaves no trace of one who looks where there is none', async () => {
    const folder = newFolder();
    const missing = join(folder, 'none');
    expect(await readStore({ folder: missing })).toBeUndefined();
    expect(await readStore({ folder })).toBeUndefined();
    expect([existsSync(missing), readdirSync(folder)]).toEqual([false, []]);
  });

  it('is read while it is written, each time as of the last commit', async () => {
    const folder = newFolder();
    const writer = await open(folder);
    const reader = await look(folder);
    for (const [index, item] of items(20).entries()) {
      await writer.table.put(item);
      expect(await all(reader)).toHaveLength(index + 1);
      if (index % 7 === 0) expect(await all(await look(folder))).toHaveLength(index + 1);
    }
    await expect(reader.table.put({ pk: 'RUN#r', sk: 'x' })).rejects.toMatchObject({ name: 'JournalUnavailable' });
  });

  it('takes writes of two that have it open, one after the other', async () => {
    const folder = newFolder();
    const [first, second] = [await open(folder), await open(folder)];
    const puts = items(20).map((item, index) => (index % 2 === 0 ? first : second).table.put(item, { kind: 'absent' }));
    expect(await Promise.all(puts)).toEqual(items(20).map(() => true));
    expect(await second.table.put({ pk: 'RUN#r', sk: 'UNIT#0000' }, { kind: 'absent' })).toBe(false);
    first.close();
    expect(await all(second)).toEqual(items(20));
    second.close();
    expect(await all(await look(folder))).toEqual(items(20));
  });

  it('is made whole where a process died while it made it', async () => {
    const folder = newFolder();
    writeFileSync(join(folder, 'journal.db-new'), 'half of a database');
    writeFileSync(join(folder, 'journal.db-commits'), '000000000000000\n');
    const store = await open(folder);
    await store.table.put({ pk: 'RUN#r', sk: 'a' });
    expect(await all(await look(folder))).toHaveLength(1);
    expect(existsSync(join(folder, 'journal.db-new'))).toBe(false);
  });

  it('is made once where several make it at the same time', async () => {
    const folder = join(newFolder(), 'journal');
    const stores = await Promise.all(Array.from({ length: 4 }, () => open(folder)));
    await Promise.all(stores.map((store, index) => store.table.put({ pk: 'RUN#r', sk: String(index) })));
    expect(await all(await look(folder))).toHaveLength(4);
  });

  it('writes nothing for a write whose condition does not hold', async () => {
    const folder = newFolder();
    const store = await open(folder);
    await store.table.put({ pk: 'RUN#r', sk: 'a' });
    const size = statSync(join(folder, 'journal.db-wal')).size;
    expect(await store.table.put({ pk: 'RUN#r', sk: 'a' }, { kind: 'absent' })).toBe(false);
    expect(await store.table.remove({ pk: 'RUN#r', sk: 'b' })).toBeUndefined();
    expect(statSync(join(folder, 'journal.db-wal')).size).toBe(size);
  });

  it('commits at once what is asked for at once', async () => {
    const folder = newFolder();
    const store = await open(folder);
    const commits = async (): Promise<number> => {
      const database = new DatabaseSync(join(folder, 'journal.db'), { readOnly: true });
      const { commits: number } = database.prepare('SELECT commits FROM journal').get() as { commits: number };
      database.close();
      return number;
    };
    await Promise.all(items(50).map((item) => store.table.put(item)));
    expect(await commits()).toBe(1);
    for (const item of items(3, 100)) await store.table.put(item);
    expect(await commits()).toBe(4);
  });

  it('lies in a folder whose name says something to a URL', async () => {
    const folder = join(newFolder(), 'a%20b?c#d é');
    mkdirSync(folder);
    const store = await open(folder);
    await store.table.put({ pk: 'RUN#r', sk: 'a' });
    store.close();
    expect(await all(await look(folder))).toHaveLength(1);
  });
});
