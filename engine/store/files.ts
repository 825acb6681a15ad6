import { accessSync, chmodSync, closeSync, constants, fsyncSync, mkdirSync, openSync, readdirSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** The files of a journal in its folder. */
export interface JournalFiles {
  readonly folder: string;
  /** The SQLite database. */
  readonly database: string;
  /** What was committed and is not in the database yet. SQLite makes it, and its index, and removes both at the last close. */
  readonly log: string;
  /** How many commits were acknowledged. */
  readonly commits: string;
  /** One file for each run or fleet that a process of this machine carries out. */
  readonly locks: string;
  /** Where the files of an older podshift go once their content is carried over. */
  readonly older: string;
}

/** The files of the journal in a folder. */
export function journalFiles(folder: string): JournalFiles {
  const database = join(folder, 'journal.db');
  return {
    folder,
    database,
    log: `${database}-wal`,
    commits: `${database}-commits`,
    locks: join(folder, 'locks'),
    older: join(folder, 'older-format'),
  };
}

/** Names of the files above. */
const OWN = /^(journal\.db.*|locks|older-format(-copy)?)$/;

/** Names of LevelDB's files, in which an older podshift kept its journal (leveldb, "db/filename.cc"). */
export const LEVELDB = /^(CURRENT|LOCK|LOG|LOG\.old|MANIFEST-\d+|\d+\.(log|ldb|sst|dbtmp))$/;

/** What is in a folder; nothing where it is not there. */
export function listFolder(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch (error) {
    if (isMissing(error)) return [];
    throw error;
  }
}

/** Whether there is a file; without opening it, since closing it again would give up the locks of this process. */
export function isThere(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false }) !== undefined;
}

/** Whether this user may make files in the folder. */
export function isWritable(folder: string): boolean {
  try {
    accessSync(folder, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

/**
 * Makes the folder, for its user alone. One that is there is closed to others where it holds nothing but a journal: a home
 * folder or a checkout that was given for it stays as it is.
 */
export function makeFolder(folder: string): void {
  const made = mkdirSync(folder, { recursive: true, mode: 0o700 });
  if (made !== undefined) syncFolder(dirname(made));
  else if (readdirSync(folder).every((name) => OWN.test(name) || LEVELDB.test(name))) closeToOthers(folder, 0o700);
}

/** Takes the rights of others from a file or a folder, where it is this user's. */
export function closeToOthers(path: string, mode: 0o600 | 0o700): void {
  const found = statSync(path, { throwIfNoEntry: false });
  if (found === undefined || (found.mode & 0o077) === 0) return;
  if (found.uid === process.getuid?.() || process.getuid?.() === 0) chmodSync(path, mode);
}

/** Makes an empty file that nobody else may read, unless it is there. */
export function makeFile(path: string): void {
  try {
    closeSync(openSync(path, 'wx', 0o600));
  } catch (error) {
    if (!hasCode(error, 'EEXIST')) throw error;
  }
}

/** Brings names that were made, renamed or removed in a folder to the disk. */
export function syncFolder(folder: string): void {
  const descriptor = openSync(folder, 'r');
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

/** Whether an error says that there is no such file. */
export function isMissing(error: unknown): boolean {
  return hasCode(error, 'ENOENT');
}

function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}
