import fc from 'fast-check';
import { afterAll, beforeAll, beforeEach, describe, expect } from 'vitest';
import { createMemoryTable } from '../../engine/memory-table.ts';
import type { Key } from '../../src/journal/layout.ts';
import { ABSENT, type Condition, type Item, PRESENT, type Table, type Update } from '../../src/journal/table.ts';
import { behavioursWith, type Exceptions } from './behaviours.ts';

/** Keys that sort otherwise by UTF-16, by a locale or by bytes, and that a pattern or a bound could take for another. */
const SORT_KEYS = [
  'A',
  'B',
  'A#',
  'A#1',
  'A#10',
  'A#2',
  'a',
  'Z',
  '%',
  '_',
  'é',
  'ｆ',
  '\u{1f600}',
  '\ud7ff',
  '\ue000',
  'A\u{10ffff}',
  "A'",
];

/** A store that the suite runs over. */
export interface TableBackend {
  readonly name: string;
  readonly exceptions: Exceptions;
  /** An empty table. */
  start(): Promise<{ readonly table: Table; close(): Promise<void> }>;
}

/** What a table promises, whatever keeps it: DynamoDB's rules as far as the journal uses them. */
export function describeTable({ name, exceptions, start }: TableBackend): void {
  describe(`the table over ${name}`, () => {
    const behaviour = behavioursWith(exceptions);
    let table: Table;
    let close: () => Promise<void>;
    let number = 0;
    let pk = '';

    beforeAll(async () => {
      ({ table, close } = await start());
    });
    afterAll(() => close());
    beforeEach(() => {
      number += 1;
      pk = `P#${number}`;
    });

    behaviour('gives back all that an item can hold', async () => {
      const item = {
        pk,
        sk: 'all',
        text: 'ü\n"\u{1f600}',
        empty: '',
        number: -1.5,
        large: 1_767_571_200_000,
        yes: true,
        nothing: null,
        list: [1, 'a', [null], {}],
        map: { 'a.b #c': { deep: ['x'] } },
        bytes: new Uint8Array([0, 1, 255]),
      };
      expect(await table.put(item)).toBe(true);
      expect(await table.get({ pk, sk: 'all' })).toEqual(item);
      expect(await table.query(pk, '')).toEqual([item]);
      expect(await table.get({ pk, sk: 'al' })).toBeUndefined();
      expect(await table.get({ pk: `${pk}x`, sk: 'all' })).toBeUndefined();
    });

    behaviour('keeps what it answers and what it is given apart from what it holds', async () => {
      const item = { pk, sk: 'a', map: { list: [1] }, bytes: new Uint8Array([1]) };
      await table.put(item);
      item.map.list.push(2);
      item.bytes[0] = 9;
      const read = (await table.get({ pk, sk: 'a' })) as typeof item;
      read.map.list.push(3);
      read.bytes[0] = 8;
      expect(await table.get({ pk, sk: 'a' })).toEqual({ pk, sk: 'a', map: { list: [1] }, bytes: new Uint8Array([1]) });
    });

    behaviour('replaces an item as a whole', async () => {
      await table.put({ pk, sk: 'a', one: 1 });
      await table.put({ pk, sk: 'a', two: 2 });
      expect(await table.get({ pk, sk: 'a' })).toEqual({ pk, sk: 'a', two: 2 });
    });

    behaviour('writes only where the condition holds', async () => {
      const equals: Condition = { kind: 'equals', attribute: 'owner', value: 'me' };
      const past: Condition = { kind: 'at-most', attribute: 'until', value: 10 };
      const key = { pk, sk: 'a' };
      for (const condition of [PRESENT, equals, past]) {
        expect(await table.put({ ...key, late: true }, condition)).toBe(false);
        expect(await table.update(key, { set: [[['late'], true]] }, condition)).toBeUndefined();
        expect(await table.remove(key, condition)).toBeUndefined();
      }
      expect(await table.get(key)).toBeUndefined();
      expect(await table.put({ ...key, owner: 'you', until: 11 }, { kind: 'any', of: [equals, past, ABSENT] })).toBe(true);
      expect(await table.put({ ...key, late: true }, ABSENT)).toBe(false);
      expect(await table.put({ ...key, late: true }, { kind: 'any', of: [equals, past, ABSENT] })).toBe(false);
      expect(await table.put({ ...key, late: true }, { kind: 'equals', attribute: 'missing', value: 'you' })).toBe(false);
      expect(await table.remove(key, equals)).toBeUndefined();
      expect(await table.get(key)).toEqual({ ...key, owner: 'you', until: 11 });
      expect(await table.put({ ...key, owner: 'me', until: 11 }, { kind: 'at-most', attribute: 'until', value: 11 })).toBe(true);
      expect(await table.remove(key, equals)).toEqual({ ...key, owner: 'me', until: 11 });
      expect(await table.remove(key)).toBeUndefined();
    });

    behaviour('takes no attribute of another type for one that fulfils a condition', async () => {
      await table.put({ pk, sk: 'a', owner: 'you', until: 11 });
      expect(await table.put({ pk, sk: 'a' }, { kind: 'equals', attribute: 'until', value: '11' })).toBe(false);
      expect(await table.put({ pk, sk: 'a' }, { kind: 'at-most', attribute: 'owner', value: 10 })).toBe(false);
    });

    behaviour('changes single attributes, and makes the item where it may', async () => {
      const key = { pk, sk: 'a' };
      const first: Update = { set: [[['map'], { kept: 1 }]], setOnce: [[['once'], 'first']], add: [[['count'], 2]] };
      expect(await table.update(key, first, ABSENT)).toEqual({ ...key, map: { kept: 1 }, once: 'first', count: 2 });
      const second: Update = {
        set: [
          [['map', 'a.b #c'], null],
          [['status'], 'x'],
        ],
        setOnce: [
          [['once'], 'second'],
          [['map', 'kept'], 2],
          [['map', 'a.b #d'], [1]],
        ],
        add: [
          [['count'], -3],
          [['other'], 0.5],
        ],
      };
      const after = { ...key, map: { kept: 1, 'a.b #c': null, 'a.b #d': [1] }, once: 'first', count: -1, status: 'x', other: 0.5 };
      expect(await table.update(key, second, PRESENT)).toEqual(after);
      expect(await table.update(key, { setOnce: [[['map', 'a.b #c'], 'set']] }, PRESENT)).toEqual(after);
      expect(await table.get(key)).toEqual(after);
    });

    behaviour('refuses a change of a map that is not there, alone', async () => {
      const key = { pk, sk: 'a' };
      await table.put({ ...key, text: 'x' });
      const [refused, written] = await Promise.allSettled([
        table.update(key, { set: [[['map', 'name'], 1]] }, PRESENT),
        table.put({ pk, sk: 'b' }),
      ]);
      expect(refused.status).toBe('rejected');
      expect(written).toEqual({ status: 'fulfilled', value: true });
      expect(await table.query(pk, '')).toEqual([
        { ...key, text: 'x' },
        { pk, sk: 'b' },
      ]);
    });

    behaviour('sorts by the bytes of the key, and finds what begins with a prefix', async () => {
      await Promise.all(SORT_KEYS.map((sk) => table.put({ pk, sk })));
      await table.put({ pk: `${pk}#`, sk: 'A' });
      const sorted = SORT_KEYS.toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
      const keys = (items: readonly Item[]) => items.map((item) => item.sk);
      for (const prefix of ['', ...SORT_KEYS]) {
        const found = sorted.filter((sk) => sk.startsWith(prefix));
        expect(keys(await table.query(pk, prefix))).toEqual(found);
        expect(keys(await table.query(pk, prefix, 'descending'))).toEqual(found.toReversed());
      }
    });

    behaviour('gives a part of what there is, in both orders', async () => {
      const all = ['A#0', 'A#1', 'A#2', 'A#3', 'B'];
      await Promise.all(all.map((sk) => table.put({ pk, sk })));
      const read = async (prefix: string, order: 'ascending' | 'descending', limit: number, after: string | null) =>
        (await table.query(pk, prefix, order, { limit, after })).map((item) => item.sk);
      expect(await read('A#', 'ascending', 2, null)).toEqual(['A#0', 'A#1']);
      expect(await read('A#', 'ascending', 9, 'A#1')).toEqual(['A#2', 'A#3']);
      expect(await read('', 'descending', 2, null)).toEqual(['B', 'A#3']);
      expect(await read('', 'descending', 2, 'A#2')).toEqual(['A#1', 'A#0']);
      expect(await read('A#', 'ascending', 2, 'A#15')).toEqual(['A#2', 'A#3']);
      expect(await read('A#', 'ascending', 2, 'A#3')).toEqual([]);
    });

    behaviour('lets one of many writers win', async () => {
      const key = { pk, sk: 'a' };
      const puts = await Promise.all(Array.from({ length: 8 }, (_, writer) => table.put({ ...key, writer, count: 0 }, ABSENT)));
      expect(puts.filter(Boolean)).toHaveLength(1);
      await Promise.all(puts.map(() => table.update(key, { add: [[['count'], 1]] }, PRESENT)));
      expect(await table.get(key)).toMatchObject({ count: puts.length });
      const removed = await Promise.all(puts.map(() => table.remove(key)));
      expect(removed.filter((item) => item !== undefined)).toHaveLength(1);
    });

    behaviour('answers any calls as a table in memory does', async () => {
      await fc.assert(
        fc.asyncProperty(fc.array(call, { maxLength: 25 }), async (calls) => {
          number += 1;
          const [model, prefix] = [createMemoryTable(), `M#${number}#`];
          for (const one of calls) expect(await answerOf(table, one, prefix)).toEqual(await answerOf(model, one, prefix));
        }),
        { numRuns: 40 },
      );
    });
  });
}

const key = fc.record({ pk: fc.constantFrom('P', 'Q'), sk: fc.constantFrom('A', 'A#1', 'A#2', 'B') });
const condition: fc.Arbitrary<Condition | undefined> = fc.constantFrom(
  undefined,
  ABSENT,
  PRESENT,
  { kind: 'equals', attribute: 'text', value: 'x' } as const,
  { kind: 'at-most', attribute: 'count', value: 1 } as const,
  { kind: 'any', of: [ABSENT, { kind: 'at-most', attribute: 'count', value: 0 }] } as const,
);
const attributes = fc.record({
  text: fc.constantFrom('x', 'y'),
  count: fc.integer({ min: 0, max: 2 }),
  map: fc.constantFrom({}, { a: 1 }),
});
const call = fc.oneof(
  fc.record({ kind: fc.constant('put' as const), key, attributes, condition }),
  fc.record({ kind: fc.constant('update' as const), key, text: fc.constantFrom('x', 'z'), by: fc.integer({ min: -2, max: 2 }), condition }),
  fc.record({ kind: fc.constant('remove' as const), key, condition }),
  fc.record({ kind: fc.constant('get' as const), key }),
  fc.record({
    kind: fc.constant('query' as const),
    key,
    prefix: fc.constantFrom('', 'A', 'A#'),
    order: fc.constantFrom('ascending' as const, 'descending' as const),
    limit: fc.integer({ min: 1, max: 4 }),
  }),
);
type Call = typeof call extends fc.Arbitrary<infer T> ? T : never;

/** What a table answers to a call, in partitions of its own. */
async function answerOf(table: Table, one: Call, prefix: string): Promise<unknown> {
  const own: Key = { pk: `${prefix}${one.key.pk}`, sk: one.key.sk };
  const answer = await send(table, one, own);
  return JSON.parse(JSON.stringify(answer ?? null));
}

function send(table: Table, one: Call, own: Key): Promise<unknown> {
  switch (one.kind) {
    case 'put':
      return table.put({ ...own, ...one.attributes }, one.condition);
    case 'update':
      return table.update(
        own,
        { set: [[['text'], one.text]], setOnce: [[['first'], one.text]], add: [[['count'], one.by]] },
        one.condition ?? PRESENT,
      );
    case 'remove':
      return table.remove(own, one.condition);
    case 'get':
      return table.get(own);
    case 'query':
      return table.query(own.pk, one.prefix, one.order, { limit: one.limit, after: null });
  }
}
