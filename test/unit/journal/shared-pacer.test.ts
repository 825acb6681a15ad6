import { describe, expect, it } from 'vitest';
import { createMemoryTable } from '../../../engine/memory-table.ts';
import { openDynamoTable } from '../../../src/journal/dynamo-table.ts';
import { rateKey } from '../../../src/journal/layout.ts';
import { createSharedPacer } from '../../../src/journal/shared-pacer.ts';
import type { Table } from '../../../src/journal/table.ts';
import { isPodshiftError } from '../../../src/model/errors.ts';
import { openDynaliteJournal } from '../../support/dynalite-journal.ts';

const START = Date.parse('2026-01-01T00:00:00Z');

/** So many processes over one table, and a time that is moved by hand. */
function setUp(processes: number, around: (table: Table) => Table = (table) => table, table: Table = createMemoryTable()) {
  const time = { now: START };
  const waits: number[] = [];
  const pause = async (milliseconds: number) => {
    waits.push(milliseconds);
  };
  const pacers = Array.from({ length: processes }, () => createSharedPacer(around(table), { now: () => time.now }, pause));
  const pacer = (index: number) => {
    const found = pacers[index];
    if (found === undefined) throw new Error(`there is no process ${index}`);
    return found;
  };
  return { time, waits, table, pacer, row: () => table.get(rateKey('eks::eu')) };
}

describe('pacing across processes', () => {
  it('shares one burst and spaces what follows by the rate', async () => {
    const { waits, pacer } = setUp(3);
    for (let request = 0; request < 12; request += 1) await pacer(request % 3).acquire('eks', 'eks::eu');
    expect(waits).toEqual([200, 400]);
  });

  it('fills up again with time, and never above the burst', async () => {
    const { time, waits, pacer } = setUp(2);
    for (let request = 0; request < 10; request += 1) await pacer(0).acquire('eks', 'eks::eu');
    time.now += 3_600_000;
    for (let request = 0; request < 11; request += 1) await pacer(request % 2).acquire('eks', 'eks::eu');
    expect(waits).toEqual([200]);
  });

  it('keeps the keys apart', async () => {
    const { waits, pacer } = setUp(1);
    for (let request = 0; request < 10; request += 1) await pacer(0).acquire('eks', 'eks::eu');
    await pacer(0).acquire('eks', 'eks::us');
    expect(waits).toEqual([]);
  });

  it('halves the rate for all once for a burst of refusals, and adds slowly', async () => {
    const { time, pacer, row } = setUp(2);
    for (const process of [0, 1]) await pacer(process).acquire('eks', 'eks::eu');
    for (const process of [0, 1]) pacer(process).report('eks', 'eks::eu', 'throttled');
    for (const process of [0, 1]) await pacer(process).acquire('eks', 'eks::eu');
    expect([pacer(0).rate('eks', 'eks::eu'), pacer(1).rate('eks', 'eks::eu')]).toEqual([2.5, 2.5]);
    time.now += 1000;
    pacer(1).report('eks', 'eks::eu', 'throttled');
    await pacer(1).acquire('eks', 'eks::eu');
    pacer(1).report('eks', 'eks::eu', 'passed');
    await pacer(1).acquire('eks', 'eks::eu');
    expect((await row())?.rate).toBeCloseTo(1.3);
    await pacer(0).acquire('eks', 'eks::eu');
    expect(pacer(0).rate('eks', 'eks::eu')).toBeCloseTo(1.3);
  });

  it('stays between the least and the most', async () => {
    const { time, pacer } = setUp(1);
    const send = async (outcome: 'throttled' | 'passed') => {
      time.now += 10_000;
      await pacer(0).acquire('cloudtrail', 'k');
      pacer(0).report('cloudtrail', 'k', outcome);
    };
    expect(pacer(0).rate('cloudtrail', 'k')).toBe(1.5);
    for (let times = 0; times < 12; times += 1) await send('throttled');
    expect(pacer(0).rate('cloudtrail', 'k')).toBe(0.1);
    for (let times = 0; times < 60; times += 1) await send('passed');
    expect(pacer(0).rate('cloudtrail', 'k')).toBe(2);
  });

  it('takes no turn that is more than 20 seconds away', async () => {
    const { time, waits, pacer, row } = setUp(1);
    for (let request = 0; request < 111; request += 1) await pacer(0).acquire('eks', 'eks::eu');
    expect(Math.max(...waits)).toBe(20_200);
    const before = await row();
    const late = await pacer(0)
      .acquire('eks', 'eks::eu')
      .catch((error: unknown) => error);
    expect(isPodshiftError(late) && late.name).toBe('Throttled');
    expect(await row()).toEqual(before);
    time.now += 1000;
    await pacer(0).acquire('eks', 'eks::eu');
    expect(waits.at(-1)).toBe(19_400);
  });

  it('goes on where another process makes the row first', async () => {
    const { waits, pacer, row, table } = setUp(1, (inner) => ({
      ...inner,
      update: async (key, update, condition) => {
        if (condition.kind === 'absent') await table.put({ ...key, freeAt: START + 2000, rate: 5, halvedAt: 0 });
        return inner.update(key, update, condition);
      },
    }));
    await pacer(0).acquire('eks', 'eks::eu');
    expect((await row())?.freeAt).toBe(START + 2200);
    expect(waits).toEqual([200]);
  });

  it('does the same over DynamoDB’s own client', async () => {
    const { client, tableName, close } = await openDynaliteJournal({ clock: { now: () => START } });
    try {
      const { waits, pacer, row } = setUp(2, undefined, openDynamoTable(client, tableName));
      for (let request = 0; request < 12; request += 1) await pacer(request % 2).acquire('eks', 'eks::eu');
      expect(waits).toEqual([200, 400]);
      pacer(1).report('eks', 'eks::eu', 'throttled');
      await pacer(1).acquire('eks', 'eks::eu');
      pacer(1).report('eks', 'eks::eu', 'passed');
      await pacer(1).acquire('eks', 'eks::eu');
      expect(await row()).toMatchObject({ rate: 2.55, halvedAt: START, freeAt: START + 12 * 200 + 2 * 400 });
    } finally {
      await close();
    }
  });
});
