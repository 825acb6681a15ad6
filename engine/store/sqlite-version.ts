import { PodshiftError } from '../../src/model/errors.ts';

/** The first SQLite whose write-ahead log two processes may write to: see {@link refuseOlderSqlite}. */
const SAFE = [3, 51, 3] as const;

/**
 * Refuses to write a journal by an SQLite older than 3.51.3: two processes that wrote at once could damage it (sqlite.org,
 * "WAL-reset bug"). Throws `UsageError`, which names what to run podshift on.
 */
export function refuseOlderSqlite(sqlite: string | undefined, node: string): void {
  const parts = (sqlite ?? '0').split('.').map(Number);
  const place = SAFE.findIndex((number, index) => (parts[index] ?? 0) !== number);
  if (place === -1 || (parts[place] ?? 0) > (SAFE[place] ?? 0)) return;
  throw new PodshiftError(
    'UsageError',
    `a journal is not written by SQLite ${sqlite ?? 'of an unknown version'}, which Node ${node} has: before 3.51.3 two processes could damage it; use Node 24.15 or later, or install podshift without --omit=optional`,
  );
}
