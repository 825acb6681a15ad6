import type { DatabaseSync } from 'node:sqlite';
import { crc32 } from 'node:zlib';
import type { Key } from '../../src/journal/layout.ts';
import type { Item, Table } from '../../src/journal/table.ts';
import { isPodshiftError, PodshiftError } from '../../src/model/errors.ts';
import { holds, updated } from '../item-rules.ts';
import type { Commits } from './commits.ts';
import { storeFailure } from './failures.ts';

/** A journal's database, open. */
export interface OpenDatabase {
  readonly folder: string;
  readonly database: DatabaseSync;
  /** Undefined where the journal is only read. */
  readonly commits: Commits | undefined;
  readonly version: number;
  /** Told once, before the write that failed is answered: from then on nothing is written any more. */
  readonly onFailure: (error: PodshiftError) => void;
}

/** An item as it lies in the database. */
interface Row {
  readonly pk: string;
  readonly sk: string;
  readonly attributes: string;
  readonly binary: string | null;
  readonly checksum: number;
}

/** What a write makes of the item that is there: the item to store, null to delete it, undefined to leave it; and its answer. */
interface Decision<T> {
  readonly store: (Key & Item) | null | undefined;
  readonly answer: T;
}

/** A write that waits for its commit. */
interface Waiting {
  /** Writes, and answers with the change of the sum of all checksums. */
  readonly apply: () => number | undefined;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/**
 * The journal's table in an SQLite database, by DynamoDB's rules. A write is answered once its commit is on the disk; writes
 * that are asked for at once share a commit. After one that failed, all others throw the same error: what the disk holds is
 * known only by opening the journal again.
 */
export function createSqliteTable(open: OpenDatabase): Table & { flush(): void } {
  const { folder, database } = open;
  const statements = prepare(database);
  const waiting: Waiting[] = [];
  let failed: PodshiftError | undefined;

  const read = <T>(work: () => T): T => {
    try {
      return work();
    } catch (error) {
      throw fail(error);
    }
  };
  const find = ({ pk, sk }: Key): { item: Item; checksum: number } | undefined => {
    const row = statements.get.get(pk, sk) as Row | undefined;
    return row === undefined ? undefined : { item: itemOf(row), checksum: row.checksum };
  };

  const write = <T>(key: Key, decide: (item: Item | undefined) => Decision<T>): Promise<T> =>
    new Promise((resolve, reject) => {
      let answer: T;
      waiting.push({
        apply: () => {
          const found = find(key);
          const decision = decide(found?.item);
          answer = decision.answer;
          if (decision.store === undefined) return undefined;
          if (decision.store === null) {
            statements.delete.run(key.pk, key.sk);
            return -(found?.checksum ?? 0);
          }
          const row = rowOf(decision.store);
          statements.put.run(row.pk, row.sk, row.attributes, row.binary, row.checksum);
          return row.checksum - (found?.checksum ?? 0);
        },
        resolve: () => resolve(answer),
        reject,
      });
      if (waiting.length === 1) queueMicrotask(flush);
    });

  /** Commits what waits. */
  const flush = (): void => {
    const batch = waiting.splice(0);
    if (batch.length === 0) return;
    const applied: Waiting[] = [];
    try {
      if (failed !== undefined) throw failed;
      database.exec('BEGIN IMMEDIATE');
      if (statements.version.get()?.user_version !== open.version) {
        throw new PodshiftError('JournalTooNew', `another podshift converted the journal in ${folder} to its own version`);
      }
      let change: number | undefined;
      for (const one of batch) {
        const by = attempt(one);
        if (by === 'rejected') continue;
        applied.push(one);
        if (by !== undefined) change = (change ?? 0) + by;
      }
      const commits = change === undefined ? undefined : (statements.count.get(change) as { commits: number }).commits;
      database.exec('COMMIT');
      if (commits !== undefined) open.commits?.write(commits);
    } catch (error) {
      const failure = fail(error);
      for (const one of batch) one.reject(failure);
      return;
    }
    for (const one of applied) one.resolve();
  };

  /** What is wrong with one write alone is its own caller's; what is wrong with the store is thrown. */
  const attempt = (one: Waiting): number | undefined | 'rejected' => {
    try {
      return one.apply();
    } catch (error) {
      if (isPodshiftError(storeFailure(error, folder))) throw error;
      one.reject(error);
      return 'rejected';
    }
  };

  const fail = (error: unknown): unknown => {
    try {
      if (database.isOpen && database.isTransaction) database.exec('ROLLBACK');
    } catch {
      // the first error tells more
    }
    const failure = storeFailure(error, folder);
    if (failed === undefined && failure instanceof PodshiftError) {
      failed = failure;
      open.onFailure(failure);
    }
    return failure;
  };

  return {
    flush,
    get: async (key) => read(() => find(key)?.item),
    put: (item, condition) =>
      write(item, (before) => {
        const answer = holds(condition, before);
        return { store: answer ? item : undefined, answer };
      }),
    update: (key, update, condition) =>
      write(key, (before) => {
        if (!holds(condition, before)) return { store: undefined, answer: undefined };
        const item = updated(key, before, update);
        return { store: item, answer: item };
      }),
    remove: (key, condition) =>
      write(key, (before) => {
        const isRemoved = before !== undefined && holds(condition, before);
        return isRemoved ? { store: null, answer: before } : { store: undefined, answer: undefined };
      }),
    query: async (pk, prefix, order = 'ascending', part) => {
      const [statement, beyond] = order === 'ascending' ? [statements.forwards, BEFORE_ALL] : [statements.backwards, AFTER_ALL];
      const range = { pk, from: prefix, to: endOf(prefix) ?? AFTER_ALL, after: part?.after ?? beyond };
      // SQLite takes a negative limit for none.
      return read(() => (statement.all({ ...range, limit: part?.limit ?? -1 }) as unknown as Row[]).map(itemOf));
    },
  };
}

function prepare(database: DatabaseSync) {
  const select = (order: 'ASC' | 'DESC') =>
    database.prepare(
      `SELECT * FROM items WHERE pk = :pk AND sk >= :from AND sk < :to AND sk ${order === 'ASC' ? '>' : '<'} :after
       ORDER BY sk ${order} LIMIT :limit`,
    );
  return {
    version: database.prepare('PRAGMA user_version'),
    get: database.prepare('SELECT * FROM items WHERE pk = ? AND sk = ?'),
    put: database.prepare(
      `INSERT INTO items (pk, sk, attributes, binary, checksum) VALUES (?, ?, ?, ?, ?)
       ON CONFLICT DO UPDATE SET attributes = excluded.attributes, binary = excluded.binary, checksum = excluded.checksum`,
    ),
    delete: database.prepare('DELETE FROM items WHERE pk = ? AND sk = ?'),
    count: database.prepare('UPDATE journal SET commits = commits + 1, checksum = (checksum + ?) & 4294967295 RETURNING commits'),
    forwards: select('ASC'),
    backwards: select('DESC'),
  };
}

/** No key is empty, and SQLite sorts every text before every blob. */
const BEFORE_ALL = '';
const AFTER_ALL = new Uint8Array(0);

const MOST_CODE_POINT = 0x10ffff;
const SURROGATES = { first: 0xd800, after: 0xe000 };

/** The first text after all that begin with `prefix`, by code points; null where all others do. */
export function endOf(prefix: string): string | null {
  const points = Array.from(prefix, (character) => character.codePointAt(0) ?? 0);
  while (points.at(-1) === MOST_CODE_POINT) points.pop();
  const last = points.pop();
  if (last === undefined) return null;
  const next = last + 1 === SURROGATES.first ? SURROGATES.after : last + 1;
  return String.fromCodePoint(...points, next);
}

/** The row of an item. */
export function rowOf(item: Key & Item): Row {
  const { pk, sk } = item;
  const bytes = Object.entries(item).filter((entry): entry is [string, Uint8Array] => entry[1] instanceof Uint8Array);
  const rest = bytes.length === 0 ? item : Object.fromEntries(Object.entries(item).filter(([, value]) => !(value instanceof Uint8Array)));
  const attributes = JSON.stringify(rest);
  const binary =
    bytes.length === 0
      ? null
      : JSON.stringify(Object.fromEntries(bytes.map(([name, value]) => [name, Buffer.from(value).toString('base64')])));
  return { pk, sk, attributes, binary, checksum: checksumOf({ pk, sk, attributes, binary }) };
}

/** The item of a row. Throws `JournalDamaged` where it is not as it was written. */
function itemOf(row: Row): Item {
  if (row.checksum !== checksumOf(row)) {
    throw new PodshiftError('JournalDamaged', `the journal's item ${row.pk} ${row.sk} is damaged: it was overwritten on the disk`);
  }
  const item = JSON.parse(row.attributes) as Item;
  if (row.binary === null) return item;
  for (const [name, text] of Object.entries(JSON.parse(row.binary) as Record<string, string>)) {
    item[name] = new Uint8Array(Buffer.from(text, 'base64'));
  }
  return item;
}

/** A sum over each part, apart from the others by a byte that no text of the journal has. */
function checksumOf({ pk, sk, attributes, binary }: Omit<Row, 'checksum'>): number {
  return crc32([pk, sk, attributes, binary ?? ''].join('\0'));
}
