import type { Key } from '../../src/journal/layout.ts';
import type { Item, Table } from '../../src/journal/table.ts';

/** What requests to a table cost in DynamoDB (developer guide, "DynamoDB read and write operations"). */
export interface TableCosts {
  /** One for each KB that a write begins, of the larger of the item before and after it; also where its condition did not hold. */
  writeUnits: number;
  /** One for each 4 KB that a consistent read begins; a query adds its items up first. */
  readUnits: number;
  writes: number;
  reads: number;
  /** Writes that changed an item: what the table's stream tells. */
  changes: Change[];
}

/** One record of the table's stream. */
export interface Change {
  readonly key: Key;
  readonly after: Item | undefined;
}

/** The costs of all requests, and those of single kinds of items. */
export interface CountedTable {
  readonly table: Table;
  /** By the first part of the sort key. */
  readonly of: ReadonlyMap<string, TableCosts>;
  total(): TableCosts;
}

/** The same table, which counts what DynamoDB would charge. For tables that nobody else writes. */
export function countCosts(table: Table): CountedTable {
  const of = new Map<string, TableCosts>();
  const costsOf = (sk: string): TableCosts => {
    const name = /^[A-Z]*/.exec(sk)?.[0] ?? '';
    const costs = of.get(name) ?? none();
    of.set(name, costs);
    return costs;
  };
  const write = async <T>({ pk, sk }: Key, send: () => Promise<T>): Promise<T> => {
    const key = { pk, sk };
    const before = await table.get(key);
    const answer = await send();
    const after = await table.get(key);
    const costs = costsOf(sk);
    costs.writes += 1;
    costs.writeUnits += Math.max(1, Math.ceil(Math.max(sizeOf(before), sizeOf(after)) / 1024));
    if (JSON.stringify(before) !== JSON.stringify(after)) costs.changes.push({ key, after });
    return answer;
  };
  const read = (sk: string, bytes: number): void => {
    const costs = costsOf(sk);
    costs.reads += 1;
    costs.readUnits += Math.max(1, Math.ceil(bytes / 4096));
  };
  return {
    of,
    total: () => {
      const sum = none();
      for (const costs of of.values()) {
        for (const name of ['writeUnits', 'readUnits', 'writes', 'reads'] as const) sum[name] += costs[name];
        sum.changes.push(...costs.changes);
      }
      return sum;
    },
    table: {
      get: async (key) => {
        const item = await table.get(key);
        read(key.sk, sizeOf(item));
        return item;
      },
      query: async (pk, prefix, order, part) => {
        const items = await table.query(pk, prefix, order, part);
        read(
          prefix,
          items.reduce((sum, item) => sum + sizeOf(item), 0),
        );
        return items;
      },
      put: (item, condition) => write(item, () => table.put(item, condition)),
      update: (key, update, condition) => write(key, () => table.update(key, update, condition)),
      remove: (key, condition) => write(key, () => table.remove(key, condition)),
    },
  };
}

function none(): TableCosts {
  return { writeUnits: 0, readUnits: 0, writes: 0, reads: 0, changes: [] };
}

/** Bytes of an item or of a value in it (developer guide, "DynamoDB item sizes and formats"). */
export function sizeOf(value: unknown): number {
  if (value === undefined) return 0;
  if (value === null || typeof value === 'boolean') return 1;
  if (typeof value === 'string') return Buffer.byteLength(value);
  if (typeof value === 'number') return Math.ceil(String(value).replace(/[^\d]/g, '').length / 2) + 1;
  if (value instanceof Uint8Array) return value.byteLength;
  if (Array.isArray(value)) return 3 + value.reduce((sum: number, part) => sum + 1 + sizeOf(part), 0);
  const isItem = typeof value === 'object' && 'pk' in value;
  const parts = Object.entries(value).map(([name, part]) => Buffer.byteLength(name) + sizeOf(part) + (isItem ? 0 : 1));
  return (isItem ? 0 : 3) + parts.reduce((sum, part) => sum + part, 0);
}
