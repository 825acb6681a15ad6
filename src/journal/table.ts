import type { Key } from './layout.ts';

/** An item of the table. */
export type Item = Record<string, unknown>;

/** What must hold of the item that is there, for a write to happen. */
export type Condition =
  | { readonly kind: 'absent' }
  | { readonly kind: 'present' }
  | { readonly kind: 'equals'; readonly attribute: string; readonly value: string }
  | { readonly kind: 'at-most'; readonly attribute: string; readonly value: number }
  | { readonly kind: 'any'; readonly of: readonly Condition[] };

/** An attribute, or a key of an attribute that is a map. */
export type Path = readonly [string] | readonly [string, string];

/** Changes of single attributes of an item. */
export interface Update {
  readonly set?: readonly (readonly [Path, unknown])[];
  /** Sets what is not there yet. */
  readonly setOnce?: readonly (readonly [Path, unknown])[];
  /** Adds to a number that is there. */
  readonly add?: readonly (readonly [Path, number])[];
}

/** So many items at most, after the given `sk`, which begins as those that are asked for; from the first one on where it is null. */
export interface Part {
  readonly limit: number;
  readonly after: string | null;
}

/**
 * One table of items with the few calls that the journal needs. All reads are consistent. A write whose condition does not
 * hold answers with `false` or undefined; everything else throws as the gateways to AWS do.
 */
export interface Table {
  get(key: Key): Promise<Item | undefined>;
  /** True where the item was written. */
  put(item: Key & Item, condition?: Condition): Promise<boolean>;
  /** The item after the update. */
  update(key: Key, update: Update, condition: Condition): Promise<Item | undefined>;
  /** The item that was deleted, if there was one and the condition held. */
  remove(key: Key, condition?: Condition): Promise<Item | undefined>;
  /** All items of a partition whose `sk` begins with `prefix`, in the order of `sk`; or some of them. */
  query(pk: string, prefix: string, order?: 'ascending' | 'descending', part?: Part): Promise<Item[]>;
}

/** The condition of a write that may only create. */
export const ABSENT: Condition = { kind: 'absent' };

/** The condition of a write that may only change. */
export const PRESENT: Condition = { kind: 'present' };

/** `set` changes for those fields of `changes` that are given. */
export function changesOf(changes: Readonly<Record<string, unknown>>, prefix?: string): [Path, unknown][] {
  return Object.entries(changes)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => [prefix === undefined ? [name] : [prefix, name], value]);
}

/** Whether an update changes nothing. */
export function isEmpty({ set = [], setOnce = [], add = [] }: Update): boolean {
  return set.length + setOnce.length + add.length === 0;
}
