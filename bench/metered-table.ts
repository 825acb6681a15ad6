import { marshall } from '@aws-sdk/util-dynamodb';
import type { Key } from '../src/journal/layout.ts';
import { type JournalWrite, readRecord, streamRecord } from '../src/journal/stream.ts';
import type { Item, Table } from '../src/journal/table.ts';
import { matches, type Pattern } from './stream-filter.ts';

/** What a table was asked for, in the units that DynamoDB bills (Amazon DynamoDB pricing, on-demand). */
export interface TableMeter {
  /** A write costs one for each KB of the larger one of the item before and after; so does one whose condition does not hold. */
  writeUnits: number;
  /** A consistent read costs one for each 4 KB of all that it reads, and one where there is nothing. */
  readUnits: number;
  writes: number;
  reads: number;
  /** Items that queries read. */
  itemsRead: number;
  /** Records of the table's stream: writes that changed something. */
  records: number;
  /** Records that pass the filter of the function that reads the stream. */
  passed: number;
}

/** A table that counts, and its counts. */
export interface MeteredTable {
  readonly table: Table;
  readonly meter: TableMeter;
}

/**
 * The same table, whose calls are counted: one in this process' memory, which does what it is asked for in the order of the calls. Each
 * record that passes one of the patterns is handed to `onRecord`, as Lambda would hand it to the function.
 */
export function meterTable(
  table: Table,
  patterns: readonly Pattern[],
  onRecord: (write: JournalWrite) => void = () => undefined,
): MeteredTable {
  const meter: TableMeter = { writeUnits: 0, readUnits: 0, writes: 0, reads: 0, itemsRead: 0, records: 0, passed: 0 };
  const read = (items: readonly (Item | undefined)[]): void => {
    meter.reads += 1;
    meter.readUnits += Math.max(1, Math.ceil(items.reduce((sum, item) => sum + sizeOf(item), 0) / 4096));
  };
  const written = (key: Key, before: Item | undefined, after: Item | undefined): void => {
    meter.writes += 1;
    meter.writeUnits += Math.max(1, Math.ceil(Math.max(sizeOf(before), sizeOf(after)) / 1024));
    if (JSON.stringify(before) === JSON.stringify(after)) return;
    meter.records += 1;
    const record = recordOf(String(meter.records), key, before, after);
    if (!patterns.some((pattern) => matches(pattern, record))) return;
    meter.passed += 1;
    onRecord(readRecord(streamRecord.parse(record)));
  };
  return {
    meter,
    table: {
      get: async (key) => {
        const item = await table.get(key);
        read([item]);
        return item;
      },
      query: async (pk, prefix, order, part) => {
        const items = await table.query(pk, prefix, order, part);
        read(items);
        meter.itemsRead += items.length;
        return items;
      },
      put: async (item, condition) => {
        const [before, done] = await Promise.all([table.get(item), table.put(item, condition)]);
        written(item, before, done ? item : before);
        return done;
      },
      update: async (key, update, condition) => {
        const [before, after] = await Promise.all([table.get(key), table.update(key, update, condition)]);
        written(key, before, after ?? before);
        return after;
      },
      remove: async (key, condition) => {
        const [before, removed] = await Promise.all([table.get(key), table.remove(key, condition)]);
        written(key, before, removed === undefined ? before : undefined);
        return removed;
      },
    },
  };
}

/** The bytes of an item as DynamoDB counts them: names and values (developer guide, "DynamoDB item sizes and formats"). */
export function sizeOf(item: Item | undefined): number {
  return item === undefined ? 0 : Object.entries(item).reduce((sum, [name, value]) => sum + Buffer.byteLength(name) + valueSize(value), 0);
}

function valueSize(value: unknown): number {
  if (typeof value === 'string') return Buffer.byteLength(value);
  // Two digits a byte, and one more.
  if (typeof value === 'number') return Math.ceil(String(value).replace(/\D/g, '').length / 2) + 1;
  if (value instanceof Uint8Array) return value.length;
  if (Array.isArray(value)) return value.reduce((sum: number, one: unknown) => sum + 1 + valueSize(one), 3);
  if (typeof value !== 'object' || value === null) return 1;
  return Object.entries(value).reduce((sum, [name, one]) => sum + 1 + Buffer.byteLength(name) + valueSize(one), 3);
}

function recordOf(id: string, { pk, sk }: Key, before: Item | undefined, after: Item | undefined) {
  const image = (item: Item | undefined) => (item === undefined ? undefined : marshall(item, { removeUndefinedValues: true }));
  return {
    eventID: id,
    eventName: before === undefined ? 'INSERT' : after === undefined ? 'REMOVE' : 'MODIFY',
    dynamodb: {
      ApproximateCreationDateTime: 0,
      SequenceNumber: id,
      Keys: { pk: { S: pk }, sk: { S: sk } },
      ...(before === undefined ? {} : { OldImage: image(before) }),
      ...(after === undefined ? {} : { NewImage: image(after) }),
    },
  };
}
