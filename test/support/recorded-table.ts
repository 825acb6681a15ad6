import type { Key } from '../../src/journal/layout.ts';
import type { JournalWrite } from '../../src/journal/stream.ts';
import type { Item, Table } from '../../src/journal/table.ts';

/**
 * The same table, with each write told as DynamoDB Streams tells it (DynamoDB developer guide, "Change data capture"): the
 * item before and after it, in order, and nothing for a write that changed nothing. For tables that nobody else writes.
 */
export function recordWrites(table: Table, now: () => number, onWrite: (write: JournalWrite) => void): Table {
  let sequence = 0;
  const observed = async <T>({ pk, sk }: Key, write: () => Promise<T>): Promise<T> => {
    const key = { pk, sk };
    const before = await table.get(key);
    const answer = await write();
    const after = await table.get(key);
    if (JSON.stringify(before) === JSON.stringify(after)) return answer;
    sequence += 1;
    onWrite({ id: `write-${sequence}`, sequence: String(100_000 + sequence), time: new Date(now()).toISOString(), key, before, after });
    return answer;
  };
  // One write at a time: another one between the looks and the write would be told as part of it.
  let last: Promise<unknown> = Promise.resolve();
  const inTurn = <T>(key: Key, write: () => Promise<T>): Promise<T> => {
    const turn = last.then(() => observed(key, write));
    last = turn.catch(() => undefined);
    return turn;
  };
  return {
    ...table,
    put: (item: Key & Item, condition) => inTurn(item, () => table.put(item, condition)),
    update: (key, update, condition) => inTurn(key, () => table.update(key, update, condition)),
    remove: (key, condition) => inTurn(key, () => table.remove(key, condition)),
  };
}
