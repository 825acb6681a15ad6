import type { Key } from '../src/journal/layout.ts';
import type { Condition, Item, Path, Update } from '../src/journal/table.ts';

/** Whether a condition holds of the item that is there, as DynamoDB reads it. No condition always holds. */
export function holds(condition: Condition | undefined, item: Item | undefined): boolean {
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

/** The item after an update; a new one of this key where none was there. The item and the update stay as they are. */
export function updated(key: Key, item: Item | undefined, { set = [], setOnce = [], add = [] }: Update): Key & Item {
  const changed: Key & Item = { ...(copy(item ?? {}) as Item), pk: key.pk, sk: key.sk };
  for (const [path, value] of set) {
    parent(changed, path)[path.at(-1) as string] = copy(value);
  }
  for (const [path, value] of setOnce) {
    const holder = parent(changed, path);
    const name = path.at(-1) as string;
    if (!Object.hasOwn(holder, name)) holder[name] = copy(value);
  }
  for (const [path, value] of add) {
    const holder = parent(changed, path);
    const name = path.at(-1) as string;
    holder[name] = ((holder[name] as number | undefined) ?? 0) + value;
  }
  return changed;
}

function parent(item: Item, path: Path): Record<string, unknown> {
  if (path.length === 1) return item;
  const holder = item[path[0]];
  if (typeof holder !== 'object' || holder === null) throw new TypeError(`an update names a key of "${path[0]}", which is no map`);
  return holder as Record<string, unknown>;
}

/** A deep copy of what an item holds: plain values, lists, maps and bytes. Much faster than `structuredClone` for small ones. */
export function copy(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(copy);
  if (value instanceof Uint8Array) return new Uint8Array(value);
  const copied: Record<string, unknown> = {};
  for (const [name, part] of Object.entries(value)) copied[name] = copy(part);
  return copied;
}
