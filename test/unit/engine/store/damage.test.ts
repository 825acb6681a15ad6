import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openStore, type Store } from '../../../../engine/store/store.ts';
import { isPodshiftError } from '../../../../src/model/errors.ts';
import { items } from './items.ts';
import { all, look, newFolder, open } from './scene.ts';

const WRITTEN = items(120);

/** A journal that was closed, and one whose process was killed: its last 60 commits are in the log alone. */
async function makeJournals(root: string): Promise<Readonly<Record<string, string>>> {
  const [closed, killed] = [join(root, 'closed'), join(root, 'killed')];
  const store = await openStore({ folder: closed });
  for (const item of WRITTEN.slice(0, 60)) await store.table.put(item);
  store.close();
  const again = await openStore({ folder: closed });
  for (const item of WRITTEN.slice(60)) await again.table.put(item);
  cpSync(closed, killed, { recursive: true });
  rmSync(join(killed, 'journal.db-shm'));
  again.close();
  return { closed, killed };
}

/** What went wrong, or all items. */
async function readAll(reading: () => Promise<Store>): Promise<[Error | undefined, unknown]> {
  try {
    return [undefined, await all(await reading())];
  } catch (error) {
    if (!isPodshiftError(error)) throw error;
    return [error, undefined];
  }
}

/** Deterministic bytes that no file of ours holds. */
const noise = (size: number): Buffer => Buffer.from(Array.from({ length: size }, (_, index) => (index * 7919 + 13) % 251));

const HARMS: Readonly<Record<string, (content: Buffer) => Buffer | null>> = {
  removed: () => null,
  emptied: () => Buffer.alloc(0),
  'cut to its half': (content) => content.subarray(0, content.length / 2),
  'cut by its last byte': (content) => content.subarray(0, -1),
  'cut to its first page': (content) => content.subarray(0, 4096),
  'overwritten with noise': (content) => noise(content.length),
  'overwritten with zeros': (content) => Buffer.alloc(content.length),
  'overwritten at its start': (content) => Buffer.concat([noise(200), content.subarray(200)]),
  'overwritten in the middle': (content) =>
    Buffer.concat([content.subarray(0, content.length / 2), noise(5000), content.subarray(content.length / 2 + 5000)]),
  'overwritten at its end': (content) => Buffer.concat([content.subarray(0, -6000), noise(6000)]),
};

const NAMES = ['JournalDamaged', 'JournalForeign', 'JournalTooNew', 'JournalTooOld', 'JournalUnavailable'];

describe('a journal whose files were cut, overwritten or lost', () => {
  let journals: Readonly<Record<string, string>>;
  const readings = [
    ['looks', (folder: string) => look(folder)],
    ['goes on', (folder: string) => open(folder)],
  ] as const;
  const root = mkdtempSync(join(tmpdir(), 'podshift-damage-'));
  beforeAll(async () => {
    journals = await makeJournals(root);
  });
  afterAll(() => rmSync(root, { recursive: true, force: true }));

  describe.each(['closed', 'killed'])('of a process that was %s', (kind) => {
    describe.each(['journal.db', 'journal.db-wal', 'journal.db-commits'])('%s', (name) => {
      it.each(Object.keys(HARMS))('%s: is named, and never read as less than it was', async (harm) => {
        for (const [, reading] of readings) {
          const folder = copyOf(journals[kind] ?? '');
          const path = join(folder, name);
          if (!existsSync(path)) return;
          const harmed = HARMS[harm]?.(readFileSync(path)) ?? null;
          if (harmed === null) rmSync(path);
          else writeFileSync(path, harmed);
          const [error, read] = await readAll(() => reading(folder));
          if (error === undefined) expect(read).toEqual(WRITTEN);
          else expect(NAMES).toContain(error.name);
        }
      });
    });
  });

  it('is whole without harm', async () => {
    for (const folder of Object.values(journals)) expect(await readAll(() => look(copyOf(folder)))).toEqual([undefined, WRITTEN]);
  });

  it.each([
    ['closed', 'journal.db', 'removed', 'journal.db is missing'],
    ['closed', 'journal.db', 'emptied', 'journal.db is empty'],
    ['closed', 'journal.db', 'overwritten with noise', 'journal.db is no database'],
    ['closed', 'journal.db', 'cut to its half', 'journal.db was cut or overwritten'],
    ['closed', 'journal.db-commits', 'removed', 'journal.db-commits is missing'],
    ['closed', 'journal.db-commits', 'overwritten with noise', 'journal.db-commits was cut or overwritten'],
    ['killed', 'journal.db-wal', 'removed', 'the last 60 of 120 commits are missing'],
    ['killed', 'journal.db-wal', 'overwritten at its end', 'of 120 commits are missing'],
  ])('(%s) %s %s: says what is wrong', async (kind, name, harm, text) => {
    const folder = copyOf(journals[kind] ?? '');
    const harmed = HARMS[harm]?.(readFileSync(join(folder, name))) ?? null;
    if (harmed === null) rmSync(join(folder, name));
    else writeFileSync(join(folder, name), harmed);
    for (const [, reading] of readings) {
      const [error] = await readAll(() => reading(folder));
      expect(error).toMatchObject({ name: 'JournalDamaged', message: expect.stringContaining(text) });
      expect(error?.message).toContain(folder);
    }
  });

  it('is named or whole wherever some bytes are overwritten', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom('closed', 'killed'),
        fc.constantFrom('journal.db', 'journal.db-wal'),
        fc.double({ min: 0, max: 1, noNaN: true }),
        fc.uint8Array({ minLength: 1, maxLength: 40 }),
        async (kind, name, at, bytes) => {
          const folder = copyOf(journals[kind] ?? '');
          const path = join(folder, name);
          if (!existsSync(path)) return;
          const content = readFileSync(path);
          content.set(bytes.subarray(0, content.length), Math.floor(at * Math.max(0, content.length - bytes.length)));
          writeFileSync(path, content);
          const [error, read] = await readAll(() => look(folder));
          if (error === undefined) expect(read).toEqual(WRITTEN);
          else expect(NAMES).toContain(error.name);
        },
      ),
      { numRuns: 150 },
    );
  });

  it('is not damaged by a look at it: what is left of it stays for whoever repairs it', async () => {
    for (const [, reading] of readings) {
      const folder = copyOf(journals.killed ?? '');
      const path = join(folder, 'journal.db');
      writeFileSync(path, noise(readFileSync(path).length));
      const log = readFileSync(join(folder, 'journal.db-wal'));
      expect((await readAll(() => reading(folder)))[0]?.name).toBe('JournalDamaged');
      expect(readFileSync(join(folder, 'journal.db-wal')).equals(log)).toBe(true);
    }
  });

  it('goes on without the missing commits where a person says so', async () => {
    const folder = copyOf(journals.killed ?? '');
    rmSync(join(folder, 'journal.db-wal'));
    expect((await readAll(() => open(folder)))[0]?.name).toBe('JournalDamaged');
    writeFileSync(join(folder, 'journal.db-commits'), '0');
    expect(await readAll(() => open(folder))).toEqual([undefined, WRITTEN.slice(0, 60)]);
  });

  it('stops only what reads the item that another hand changed', async () => {
    const folder = copyOf(journals.closed ?? '');
    const database = new DatabaseSync(join(folder, 'journal.db'));
    database.exec(`UPDATE items SET attributes = replace(attributes, '0007', '0008') WHERE sk = 'UNIT#0007'`);
    database.close();
    const store = await look(folder);
    expect(await store.table.get({ pk: 'RUN#r', sk: 'UNIT#0008' })).toEqual(WRITTEN[8]);
    const failure = { name: 'JournalDamaged', message: expect.stringContaining('RUN#r UNIT#0007') };
    await expect(store.table.get({ pk: 'RUN#r', sk: 'UNIT#0007' })).rejects.toMatchObject(failure);
    await expect(all(store)).rejects.toMatchObject(failure);
  });

  it('is named where an item, or an older part of the database, is gone or back', async () => {
    const folder = copyOf(journals.closed ?? '');
    const database = new DatabaseSync(join(folder, 'journal.db'));
    database.exec(`DELETE FROM items WHERE sk = 'UNIT#0007'`);
    database.close();
    expect((await readAll(() => look(folder)))[0]).toMatchObject({ name: 'JournalDamaged' });
  });

  function copyOf(folder: string): string {
    const copy = newFolder();
    cpSync(folder, copy, { recursive: true });
    return copy;
  }
});
