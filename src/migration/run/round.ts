import { MOST_ID_BYTES } from '../batch/batch.ts';

/** As many ids as one round of a loop goes through. */
const MOST = 500;

/** Some of a long list, for one round of a state machine's loop. */
export interface Round<Item> {
  readonly items: readonly Item[];
  /** Where the next round begins; empty at the end, so that another loop can begin with it. */
  readonly after: string;
  /** True where nothing is left; `items` is empty then. */
  readonly done: boolean;
}

/**
 * The first ids that sort after `after`, each once and as many as a state holds, as the items that `cut` makes of them. What is in the list
 * may change from round to round: every round goes on, so the loop ends.
 */
export function roundOf<Item>(ids: Iterable<string>, after: string, cut: (ids: readonly string[]) => readonly Item[]): Round<Item> {
  const left = [...new Set(ids)].filter((id) => id > after).sort();
  let bytes = 0;
  const taken = left.slice(0, MOST).filter((id, index) => {
    bytes += Buffer.byteLength(id);
    return index === 0 || bytes <= MOST_ID_BYTES;
  });
  return { items: cut(taken), after: taken.at(-1) ?? '', done: taken.length === 0 };
}
