/** As many items as one state hands to a map: well below 256 KiB, the most that a state's data may hold. */
const BATCH = 400;

/** Some of a long list, for one round of a state machine's loop. */
export interface Batch {
  readonly items: readonly string[];
  /** Where the next round begins; empty at the end, so that another loop can begin with it. */
  readonly after: string;
  /** True where nothing is left; `items` is empty then. */
  readonly done: boolean;
}

/** The first items that sort after `after`, each once. What is in the list may change from round to round: every round goes on, so the loop ends. */
export function batchOf(items: Iterable<string>, after: string): Batch {
  const left = [...new Set(items)].filter((item) => item > after).sort();
  const taken = left.slice(0, BATCH);
  return { items: taken, after: taken.at(-1) ?? '', done: taken.length === 0 };
}
