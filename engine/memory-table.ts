import type { Key } from '../src/journal/layout.ts';
import type { Condition, Item, Path, Table, Update } from '../src/journal/table.ts';

/**
 * A table in this process' memory that keeps to DynamoDB's rules as far as the journal uses them. For simulations that run
 * hundreds of migrations; one contract suite holds it and the real client to the same behaviour.
 */
export function createMemoryTable(): Table {
  const partitions = new Map<string, Map<string, Item>>();
  const find = ({ pk, sk }: Key): Item | undefined => partitions.get(pk)?.get(sk);
  const store = (item: Key & Item): void => {
    const partition = partitions.get(item.pk) ?? new Map<string, Item>();
    partitions.set(item.pk, partition);
    partition.set(item.sk, structuredClone(item));
  };
  return {
    get: async (key) => structuredClone(find(key)),
    put: async (item, condition) => {
      const allowed = holds(condition, find(item));
      if (allowed) {
        store(item);
      }
      return allowed;
    },
    update: async (key, update, condition) => {
      const item = find(key);
      if (!holds(condition, item)) {
        return undefined;
      }
      const changed = { ...structuredClone(item), ...key };
      apply(changed, update);
      store(changed);
      return structuredClone(changed);
    },
    remove: async (key, condition) => {
      const item = find(key);
      if (item === undefined || !holds(condition, item)) {
        return undefined;
      }
      partitions.get(key.pk)?.delete(key.sk);
      return item;
    },
    query: async (pk, prefix, order = 'ascending', part) => {
      const found = [...(partitions.get(pk) ?? [])].filter(([sk]) => sk.startsWith(prefix));
      // DynamoDB sorts strings by their UTF-8 bytes.
      const sign = order === 'ascending' ? 1 : -1;
      const compare = (a: string, b: string): number => sign * Buffer.compare(Buffer.from(a), Buffer.from(b));
      const after = part?.after ?? null;
      return found
        .sort(([a], [b]) => compare(a, b))
        .filter(([sk]) => after === null || compare(sk, after) > 0)
        .slice(0, part?.limit)
        .map(([, item]) => structuredClone(item));
    },
  };
}

function holds(condition: Condition | undefined, item: Item | undefined): boolean {
  switch (condition?.kind) {
    case undefined:
      return true;
    case 'absent':
      return item === undefined;
    case 'present':
      return item !== undefined;
    case 'equals':
      return item?.[condition.attribute] === condition.value;
    case 'at-most': {
      const value = item?.[condition.attribute];
      return typeof value === 'number' && value <= condition.value;
    }
    case 'any':
      return condition.of.some((part) => holds(part, item));
  }
}

function apply(item: Item, { set = [], setOnce = [], add = [] }: Update): void {
  for (const [path, value] of set) {
    parent(item, path)[path.at(-1) as string] = structuredClone(value);
  }
  for (const [path, value] of setOnce) {
    parent(item, path)[path.at(-1) as string] ??= structuredClone(value);
  }
  for (const [path, value] of add) {
    const holder = parent(item, path);
    const name = path.at(-1) as string;
    holder[name] = (holder[name] as number) + value;
  }
}

function parent(item: Item, path: Path): Record<string, unknown> {
  return path.length === 1 ? item : (item[path[0]] as Record<string, unknown>);
}
