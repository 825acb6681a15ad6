import { beforeEach, describe, expect, it } from 'vitest';
import { createMemoryTable } from '../../../engine/memory-table.ts';
import type { Journal } from '../../../src/journal/journal.ts';
import { planKey, unitKey } from '../../../src/journal/layout.ts';
import { withNumbers } from '../../../src/journal/numbers.ts';
import type { Table } from '../../../src/journal/table.ts';
import { createTableJournal } from '../../../src/journal/table-journal.ts';
import { withNotesOf, withoutNotes } from '../../../src/journal/unit-notes.ts';
import { migrationOptions } from '../../../src/model/options.ts';
import { intent, unit } from '../../contract/journal-records.ts';
import { countCosts } from '../../support/counted-table.ts';

const RUN = 'r';
const ID = 'shop/cart';
const clock = { now: () => Date.UTC(2026, 0, 5) };
const target = { clusterName: 'shop', region: 'eu-west-1', assumeRoleArn: null };

let counted: ReturnType<typeof countCosts>;
let table: Table;
let journal: Journal;

beforeEach(async () => {
  counted = countCosts(createMemoryTable());
  table = counted.table;
  journal = createTableJournal(table, clock);
  await journal.createRun({ runId: RUN, target, options: migrationOptions.parse({}), startedAt: '2026-01-05T00:00:00.000Z' });
  await journal.putUnits([unit(RUN, ID), unit(RUN, 'shop/other')]);
});

const writesOf = (kind: string) => counted.of.get(kind)?.writes ?? 0;

describe('a unit in the table', () => {
  it('has its plan in an item of its own, written once, and marks what is news', async () => {
    const { plan } = unit(RUN, ID);
    expect(await table.get(planKey(RUN, ID))).toMatchObject({ runId: RUN, unitId: ID, plan: JSON.stringify(plan) });
    expect(await table.get(unitKey(RUN, ID))).not.toHaveProperty('plan');
    await journal.updateUnit(RUN, ID, { facts: { a: 1 } });
    expect(await table.get(unitKey(RUN, ID))).toMatchObject({ news: 'no', facts: { a: 1 } });
    await journal.updateUnit(RUN, ID, { status: 'running' });
    expect(await table.get(unitKey(RUN, ID))).toMatchObject({ news: 'yes', status: 'running' });
    expect(writesOf('PLAN')).toBe(2);
  });

  it('is there with its plan, wherever a crash cut its creation off', async () => {
    const cut = createTableJournal(
      { ...table, put: (item, condition) => (item.sk === 'UNIT#shop/new' ? Promise.reject(new Error('cut')) : table.put(item, condition)) },
      clock,
    );
    await expect(cut.putUnits([unit(RUN, 'shop/new')])).rejects.toThrow('cut');
    expect((await journal.listUnits(RUN)).map(({ unitId }) => unitId)).toEqual([ID, 'shop/other']);
    expect(await journal.pageUnits(RUN, { limit: 9, after: null })).toMatchObject({ items: [{ unitId: ID }, { unitId: 'shop/other' }] });
    await journal.putUnits([unit(RUN, 'shop/new')]);
    expect(await createTableJournal(table, clock).getUnit(RUN, 'shop/new')).toEqual(unit(RUN, 'shop/new'));
  });

  it('is damaged without its plan', async () => {
    await table.remove(planKey(RUN, ID));
    await expect(createTableJournal(table, clock).getUnit(RUN, ID)).rejects.toMatchObject({
      name: 'InternalError',
      message: expect.stringContaining(ID),
    });
  });
});

describe('notes of a unit', () => {
  it('are written at once where nobody keeps them', async () => {
    const noted = await journal.noteUnit(unit(RUN, ID), { facts: { a: 1 }, stepStartedAt: { proof: 't1' } });
    expect(noted).toEqual({ ...unit(RUN, ID), facts: { a: 1 }, stepStartedAt: { proof: 't1' } });
    expect(await createTableJournal(table, clock).getUnit(RUN, ID)).toEqual(noted);
  });

  it('are seen by the work on the unit, and written with its next change', async () => {
    const before = writesOf('UNIT');
    const { answer, notes } = await withNotesOf({ runId: RUN, unitId: ID, notes: { stepStartedAt: { injection: 't0' } } }, async () => {
      const found = await journal.getUnit(RUN, ID);
      await journal.noteUnit(found, { facts: { hits: 1 }, stepStartedAt: { injection: 't1', proof: 't2' } });
      await journal.noteUnit(found, { facts: { hits: 2 } });
      expect(writesOf('UNIT')).toBe(before);
      const seen = await journal.getUnit(RUN, ID);
      expect(await journal.listUnits(RUN)).toEqual([seen, unit(RUN, 'shop/other')]);
      await journal.updateUnit(RUN, 'shop/other', { facts: { other: true } });
      expect(await journal.updateUnit(RUN, ID, { facts: { hits: 3 } })).toEqual({ ...seen, facts: { hits: 3 } });
      await journal.noteUnit(found, { facts: { later: true } });
      return seen;
    });
    expect(answer).toEqual({ ...unit(RUN, ID), facts: { hits: 2 }, stepStartedAt: { injection: 't0', proof: 't2' } });
    expect(notes).toEqual({ facts: { later: true } });
    expect(await journal.getUnit(RUN, ID)).toEqual({ ...answer, facts: { hits: 3 } });
    expect(writesOf('UNIT')).toBe(before + 2);
  });

  it('are not those of a call that was begun meanwhile', async () => {
    const { notes } = await withNotesOf({ runId: RUN, unitId: ID, notes: { facts: { a: 1 } } }, () =>
      withoutNotes(async () => {
        expect((await journal.getUnit(RUN, ID)).facts).toEqual({});
        await journal.noteUnit(unit(RUN, ID), { facts: { b: 1 } });
      }),
    );
    expect(notes).toEqual({ facts: { a: 1 } });
    expect((await journal.getUnit(RUN, ID)).facts).toEqual({ b: 1 });
  });

  it('stay where the write of them failed', async () => {
    const failing = createTableJournal({ ...table, update: () => Promise.reject(new Error('away')) }, clock);
    const { notes } = await withNotesOf({ runId: RUN, unitId: ID, notes: { facts: { a: 1 } } }, async () => {
      await expect(failing.updateUnit(RUN, ID, { status: 'running' })).rejects.toThrow('away');
    });
    expect(notes).toEqual({ facts: { a: 1 } });
  });
});

describe('numbers of a piece of work', () => {
  const record = (key: string) => journal.recordIntent(intent(RUN, key));

  it('are taken at once, rise with time, and are nobody else’s', async () => {
    const { sequence: first } = await record('first');
    const before = writesOf('SEQUENCE');
    const inside = await withNumbers(3, async () => {
      const some = await Promise.all([record('a'), record('b')]);
      return [...some, await record('c')].map(({ sequence }) => sequence);
    });
    expect(writesOf('SEQUENCE')).toBe(before + 1);
    const { sequence: last } = await record('last');
    const all = [first, ...inside, last];
    expect(all).toEqual(all.toSorted((a, b) => a - b));
    expect(new Set(all).size).toBe(5);
  });

  it('do not run out, whoever asks at once', async () => {
    const found = await withNumbers(2, () => Promise.all(['a', 'b', 'c', 'd', 'e'].map(record)));
    expect(new Set(found.map(({ sequence }) => sequence)).size).toBe(5);
  });

  it('are taken again after a take that failed', async () => {
    let fails = 1;
    const shaky = createTableJournal(
      {
        ...table,
        update: (key, ...rest) => (key.sk === 'SEQUENCE' && fails-- > 0 ? Promise.reject(new Error('away')) : table.update(key, ...rest)),
      },
      clock,
    );
    await withNumbers(2, async () => {
      await expect(shaky.recordIntent(intent(RUN, 'a'))).rejects.toThrow('away');
      expect(await shaky.recordIntent(intent(RUN, 'a'))).toMatchObject({ key: 'a', sequence: 1 });
    });
  });
});
