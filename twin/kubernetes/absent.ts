/** Maps of strings in the built-in kinds: a null in one is an empty text, for Go's decoder makes an element of it. */
const STRING_MAPS: ReadonlySet<string> = new Set(['labels', 'annotations', 'nodeSelector', 'matchLabels', 'data', 'stringData']);

/** Lists of strings in which somebody may write a null. */
const STRING_LISTS: ReadonlySet<string> = new Set(['args', 'command', 'finalizers', 'add', 'drop']);

/**
 * JSON as the API server understands it: a member that is null is absent, and what is null in a list of objects is an empty
 * one (Go, encoding/json: null has no effect on what it is read into). The very same value where there is no null in it.
 */
export function withoutNulls<T>(value: T): T {
  return read(value, '') as T;
}

function read(value: unknown, key: string): unknown {
  if (Array.isArray(value)) return shared(value, (item) => (item === null ? (STRING_LISTS.has(key) ? '' : {}) : read(item, '')));
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value);
  let changed = false;
  const kept: [string, unknown][] = [];
  for (const [name, member] of entries) {
    const next = member === null ? (STRING_MAPS.has(key) ? '' : undefined) : read(member, name);
    if (next !== member) changed = true;
    if (next !== undefined) kept.push([name, next]);
  }
  return changed ? Object.fromEntries(kept) : value;
}

function shared(list: readonly unknown[], map: (item: unknown) => unknown): readonly unknown[] {
  const mapped = list.map(map);
  return mapped.some((item, index) => item !== list[index]) ? mapped : list;
}
