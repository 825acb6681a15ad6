import { isPodshiftError, PodshiftError } from '../../src/model/errors.ts';

/** SQLite's primary result codes (sqlite.org, "Result and Error Codes") that say more than that something failed. */
const SQLITE = {
  PERM: 3,
  BUSY: 5,
  LOCKED: 6,
  READONLY: 8,
  IOERR: 10,
  CORRUPT: 11,
  FULL: 13,
  CANTOPEN: 14,
  NOTADB: 26,
} as const;

/** The low byte of an extended result code is the primary one. */
const PRIMARY = 0xff;

/** An error of node:sqlite. */
interface SqliteError extends Error {
  readonly code: 'ERR_SQLITE_ERROR';
  readonly errcode: number;
  readonly errstr: string;
}

/**
 * What SQLite or the file system answered, as an error of the table, about the journal in `folder`. Errors of the table and
 * bugs stay as they are.
 */
export function storeFailure(error: unknown, folder: string): unknown {
  if (isPodshiftError(error) || !(error instanceof Error)) return error;
  if (isSqliteError(error)) return new PodshiftError(...sqliteFailure(error, folder), { cause: error });
  if (isSystemError(error)) return new PodshiftError(...systemFailure(error, folder), { cause: error });
  return error;
}

/** Does the work, and throws what {@link storeFailure} makes of its errors. */
export function naming<T>(folder: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw storeFailure(error, folder);
  }
}

type Named = ['JournalDamaged' | 'JournalFull' | 'JournalUnavailable' | 'JournalInUse' | 'JournalForeign', string];

function sqliteFailure({ errcode, errstr }: SqliteError, folder: string): Named {
  const journal = `the journal in ${folder}`;
  switch (errcode & PRIMARY) {
    case SQLITE.BUSY:
    case SQLITE.LOCKED:
      return ['JournalInUse', `${journal} is being written by another podshift process, which does not finish`];
    case SQLITE.CORRUPT:
      return ['JournalDamaged', `${journal} is damaged: journal.db was cut or overwritten`];
    case SQLITE.NOTADB:
      return ['JournalDamaged', `${journal} is damaged: journal.db is no database; it was overwritten, or is another program's`];
    case SQLITE.FULL:
      return ['JournalFull', `${journal} cannot be written: the disk is full`];
    case SQLITE.READONLY:
    case SQLITE.PERM:
      return ['JournalUnavailable', `${journal} cannot be written: it is read-only for this user`];
    case SQLITE.CANTOPEN:
      return ['JournalUnavailable', `${journal} cannot be opened: this user may not read its files, or not write beside them`];
    default:
      return ['JournalUnavailable', `${journal} cannot be read or written: ${errstr} (SQLite ${errcode})`];
  }
}

function systemFailure({ code }: NodeJS.ErrnoException, folder: string): Named {
  switch (code) {
    case 'ENOSPC':
    case 'EDQUOT':
      return ['JournalFull', `the journal in ${folder} cannot be written: the disk is full`];
    case 'EACCES':
    case 'EPERM':
      return ['JournalUnavailable', `the journal in ${folder} cannot be opened: permission denied`];
    case 'EROFS':
      return ['JournalUnavailable', `the journal in ${folder} cannot be written: the file system is read-only`];
    case 'ENOTDIR':
    case 'EEXIST':
      return ['JournalForeign', `${folder} is no folder, so it has no journal`];
    default:
      return ['JournalUnavailable', `the journal in ${folder} cannot be read or written (${code})`];
  }
}

function isSqliteError(error: Error): error is SqliteError {
  return 'code' in error && error.code === 'ERR_SQLITE_ERROR' && 'errcode' in error;
}

function isSystemError(error: Error): error is NodeJS.ErrnoException {
  return 'code' in error && typeof error.code === 'string' && 'errno' in error;
}
