import { describe, expect, it } from 'vitest';
import { meterTable, sizeOf } from '../../../bench/metered-table.ts';
import { streamPatterns } from '../../../bench/stream-filter.ts';
import { createMemoryTable } from '../../../engine/memory-table.ts';
import { ABSENT, PRESENT } from '../../../src/journal/table.ts';

const KEY = { pk: 'RUN#run-1', sk: 'LOG' };

function metered() {
  const passed: string[] = [];
  const { table, meter } = meterTable(createMemoryTable(), [{ dynamodb: { Keys: { sk: { S: [{ prefix: 'UNIT#' }] } } } }], ({ key }) =>
    passed.push(key.sk),
  );
  return { table, meter, passed };
}

describe('the size of an item', () => {
  it('is its names and values in bytes, as DynamoDB counts them', () => {
    expect(sizeOf(undefined)).toBe(0);
    expect(sizeOf({ pk: 'ab', ü: 'é' })).toBe(2 + 2 + 2 + 2);
    expect(sizeOf({ n: 12345 })).toBe(1 + 4);
    expect(sizeOf({ b: true, z: null })).toBe(4);
    expect(sizeOf({ m: { key: 'v' } })).toBe(1 + 3 + 1 + 3 + 1);
    expect(sizeOf({ l: ['v', 'w'] })).toBe(1 + 3 + 2 * (1 + 1));
    expect(sizeOf({ c: new Uint8Array(10) })).toBe(11);
  });
});

describe('a metered table', () => {
  it('costs a write unit for each KB of the larger one of the item before and after', async () => {
    const { table, meter } = metered();
    await table.put({ ...KEY, text: 'x'.repeat(1500) });
    expect(meter).toMatchObject({ writes: 1, writeUnits: 2, records: 1 });
    await table.put({ ...KEY, text: 'x' });
    expect(meter).toMatchObject({ writes: 2, writeUnits: 4, records: 2 });
    await table.update(KEY, { set: [[['text'], 'y']] }, PRESENT);
    expect(meter).toMatchObject({ writes: 3, writeUnits: 5, records: 3 });
    await table.remove(KEY);
    expect(meter).toMatchObject({ writes: 4, writeUnits: 6, records: 4 });
  });

  it('costs a write unit and makes no record where the condition does not hold, or nothing changes', async () => {
    const { table, meter } = metered();
    await table.put({ ...KEY, text: 'x' });
    expect(await table.put({ ...KEY, text: 'y' }, ABSENT)).toBe(false);
    expect(await table.update(KEY, { set: [[['text'], 'x']] }, PRESENT)).toMatchObject({ text: 'x' });
    expect(await table.update({ pk: 'RUN#run-2', sk: 'LOG' }, { set: [[['text'], 'x']] }, PRESENT)).toBeUndefined();
    expect(meter).toMatchObject({ writes: 4, writeUnits: 4, records: 1 });
  });

  it('costs a read unit for each 4 KB, of all items of a query together, and one for nothing', async () => {
    const { table, meter } = metered();
    await table.get(KEY);
    expect(meter).toMatchObject({ reads: 1, readUnits: 1, itemsRead: 0 });
    for (const sk of ['A#1', 'A#2', 'B#1']) await table.put({ pk: 'p', sk, text: 'x'.repeat(3000) });
    expect(await table.query('p', 'A#')).toHaveLength(2);
    expect(meter).toMatchObject({ reads: 2, readUnits: 3, itemsRead: 2 });
  });

  it('hands on the records that pass the filter, and no other', async () => {
    const { table, meter, passed } = metered();
    await table.put({ ...KEY, text: 'x' });
    await table.put({ pk: 'RUN#run-1', sk: 'UNIT#a/b', text: 'x' });
    expect(passed).toEqual(['UNIT#a/b']);
    expect(meter).toMatchObject({ records: 2, passed: 1 });
  });

  it('knows the filter of serverless.yml: a task token does not pass', async () => {
    const { table, meter } = meterTable(createMemoryTable(), await streamPatterns());
    await table.put({ pk: 'TOKEN#run-1', sk: 'TOKEN', token: 't' });
    expect(meter).toMatchObject({ records: 1, passed: 0 });
  });
});
