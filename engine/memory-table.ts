import type { Key } from '../src/journal/layout.ts';
import type { Item, Table } from '../src/journal/table.ts';
import { copy, holds, updated } from './item-rules.ts';

/** The items of one `pk`, and their `sk` in order while no item came or went. */
interface Partition {
  readonly items: Map<string, Item>;
  order: readonly string[] | undefined;
}

/**
 * A table in this process' memory that keeps to DynamoDB's rules as far as the journal uses them: for rehearsals, plans and
 * simulations. One contract suite holds it and the real client to the same behaviour.
 */
export function createMemoryTable(): Table {
  const partitions = new Map<string, Partition>();
  const find = ({ pk, sk }: Key): Item | undefined => partitions.get(pk)?.items.get(sk);
  const store = (item: Key & Item): void => {
    const partition = partitions.get(item.pk) ?? { items: new Map<string, Item>(), order: undefined };
    partitions.set(item.pk, partition);
    if (!partition.items.has(item.sk)) partition.order = undefined;
    partition.items.set(item.sk, item);
  };
  return {
    get: async (key) => copyOf(find(key)),
    put: async (item, condition) => {
      const allowed = holds(condition, find(item));
      if (allowed) store(copy(item) as Key & Item);
      return allowed;
    },
    update: async (key, update, condition) => {
      const item = find(key);
      if (!holds(condition, item)) return undefined;
      const changed = updated(key, item, update);
      store(changed);
      return copyOf(changed);
    },
    remove: async (key, condition) => {
      const partition = partitions.get(key.pk);
      const item = partition?.items.get(key.sk);
      if (partition === undefined || item === undefined || !holds(condition, item)) return undefined;
      partition.items.delete(key.sk);
      partition.order = undefined;
      return item;
    },
    query: async (pk, prefix, direction = 'ascending', part) => {
      const partition = partitions.get(pk);
      if (partition === undefined) return [];
      partition.order ??= [...partition.items.keys()].sort(compareBytes);
      const after = part?.after ?? null;
      const sign = direction === 'ascending' ? 1 : -1;
      const found = partition.order.filter((sk) => sk.startsWith(prefix) && (after === null || sign * compareBytes(sk, after) > 0));
      const ordered = direction === 'ascending' ? found : found.reverse();
      return ordered.slice(0, part?.limit).map((sk) => copyOf(partition.items.get(sk)) as Item);
    },
  };
}

function copyOf(item: Item | undefined): Item | undefined {
  return item === undefined ? undefined : (copy(item) as Item);
}

/** DynamoDB sorts strings by their UTF-8 bytes: as code points do, and UTF-16 does not above U+D7FF. */
function compareBytes(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let index = 0; index < length; index += 1) {
    const [left, right] = [a.charCodeAt(index), b.charCodeAt(index)];
    if (left !== right) return rank(left) - rank(right);
  }
  return a.length - b.length;
}

/** Surrogates, which spell code points above U+FFFF, come last. */
function rank(unit: number): number {
  return unit >= 0xd800 && unit <= 0xdfff ? unit + 0x10000 : unit;
}
