import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, expect, it } from 'vitest';
import { STORE_VERSION, type Versions } from '../../../../engine/store/database.ts';
import { items } from './items.ts';
import { all, look, newFolder, open } from './scene.ts';

/** A later podshift, whose items have a column more. */
const LATER: Versions = {
  current: STORE_VERSION + 1,
  upgrades: [
    ...Array.from({ length: STORE_VERSION - 1 }, () => () => undefined),
    (database) => database.exec('ALTER TABLE items ADD COLUMN added TEXT'),
  ],
};

async function written(): Promise<string> {
  const folder = newFolder();
  const store = await open(folder);
  for (const item of items(8)) await store.table.put(item);
  store.close();
  return folder;
}

function columnsOf(folder: string): string[] {
  const database = new DatabaseSync(join(folder, 'journal.db'), { readOnly: true });
  const columns = database.prepare('SELECT name FROM pragma_table_info(?)').all('items');
  database.close();
  return columns.map(({ name }) => String(name));
}

describe('a journal of another version', () => {
  it.each([
    ['writes', open],
    ['looks', look],
  ])('is carried over by a later podshift that %s, with all that it holds', async (_what, reading) => {
    const folder = await written();
    const store = await reading(folder, { versions: LATER });
    expect(await all(store)).toEqual(items(8));
    expect(columnsOf(folder)).toContain('added');
    store.close();
    const again = await open(folder, { versions: LATER });
    await again.table.put({ pk: 'RUN#r', sk: 'UNIT#9999' });
    expect(await all(again)).toHaveLength(9);
  });

  it('is refused where it is newer, and stays as it is', async () => {
    const folder = await written();
    (await open(folder, { versions: LATER })).close();
    const before = readFileSync(join(folder, 'journal.db'));
    for (const reading of [open, look]) {
      await expect(reading(folder)).rejects.toMatchObject({
        name: 'JournalTooNew',
        message: expect.stringContaining(`version ${LATER.current}; this podshift reads up to ${STORE_VERSION}`),
      });
    }
    expect(readFileSync(join(folder, 'journal.db')).equals(before)).toBe(true);
  });

  it('is left as it was where a step of the carrying over fails', async () => {
    const folder = await written();
    const failing: Versions = {
      ...LATER,
      upgrades: LATER.upgrades.map((step) => (database) => {
        step(database);
        database.exec('ALTER TABLE none ADD COLUMN added TEXT');
      }),
    };
    await expect(open(folder, { versions: failing })).rejects.toMatchObject({ name: 'JournalUnavailable' });
    expect(columnsOf(folder)).not.toContain('added');
    expect(await all(await open(folder))).toEqual(items(8));
  });

  it('is named where no step carries it over', async () => {
    const folder = await written();
    for (const reading of [open, look]) {
      await expect(reading(folder, { versions: { current: STORE_VERSION + 1, upgrades: [] } })).rejects.toMatchObject({
        name: 'JournalTooOld',
        message: expect.stringContaining(folder),
      });
    }
  });

  it('takes no write any more from a podshift that had it open before', async () => {
    const folder = await written();
    const earlier = await open(folder);
    const later = await open(folder, { versions: LATER });
    await later.table.put({ pk: 'RUN#r', sk: 'UNIT#9999' });
    await expect(earlier.table.put({ pk: 'RUN#r', sk: 'UNIT#0000' })).rejects.toMatchObject({ name: 'JournalTooNew' });
    expect(await all(later)).toEqual([...items(8), { pk: 'RUN#r', sk: 'UNIT#9999' }]);
  });
});

describe('the database of another program', () => {
  it.each([
    ['without a mark', 'CREATE TABLE items (pk TEXT, sk TEXT)'],
    ['with a mark of its own', 'PRAGMA application_id = 42'],
  ])('is named, %s, and stays as it is', async (_what, sql) => {
    const folder = newFolder();
    const path = join(folder, 'journal.db');
    const database = new DatabaseSync(path);
    database.exec(sql);
    database.close();
    const before = readFileSync(path);
    for (const reading of [open, look]) await expect(reading(folder)).rejects.toMatchObject({ name: 'JournalForeign' });
    expect(readFileSync(path).equals(before)).toBe(true);
  });
});
