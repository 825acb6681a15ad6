import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { isPodshiftError, PodshiftError } from '../../src/model/errors.ts';
import { storeFailure } from './failures.ts';
import { isThere, type JournalFiles, makeFile, makeFolder } from './files.ts';

/** Something that this process alone does until it lets go; the operating system lets go for a process that dies. */
export interface Hold {
  release(): void;
}

/** So long at least a hold is waited for: whoever looks whether there is one ({@link isHeld}) is in its way for an instant. */
const LOOK_MILLISECONDS = 2000;

/**
 * Takes a hold on `name`, or waits for it so long; `what` says it in words. Throws `JournalInUse`, with the process that has
 * it. Node has no call for a lock of the operating system, but SQLite takes one on the file of an exclusive transaction.
 */
export function takeHold({ folder, locks }: JournalFiles, name: string, what: string, waitMilliseconds: number): Hold {
  makeFolder(locks);
  const path = join(locks, encodeURIComponent(name));
  makeFile(path);
  const database = new DatabaseSync(path, { timeout: Math.max(waitMilliseconds, LOOK_MILLISECONDS) });
  try {
    database.exec('BEGIN EXCLUSIVE');
  } catch (error) {
    database.close();
    const failure = storeFailure(error, folder);
    if (!isPodshiftError(failure, 'JournalInUse')) throw failure;
    throw new PodshiftError('JournalInUse', `${what} in ${folder} is in use by another podshift process${nameOf(path)}`);
  }
  tellWho(path);
  return { release: () => database.close() };
}

/**
 * Whether a process of this machine has the hold on `name` right now; undefined where this user may not look. It takes nothing that
 * the hold excludes for longer than one read, and makes no file.
 */
export function isHeld({ folder, locks }: JournalFiles, name: string): boolean | undefined {
  const path = join(locks, encodeURIComponent(name));
  if (!isThere(path)) return false;
  let database: DatabaseSync | undefined;
  try {
    database = new DatabaseSync(path, { readOnly: true, timeout: 0 });
    database.prepare('SELECT count(*) FROM sqlite_schema').get();
    return false;
  } catch (error) {
    if (isPodshiftError(storeFailure(error, folder), 'JournalInUse')) return true;
    return undefined;
  } finally {
    database?.close();
  }
}

/** The process is told for the reader's sake alone: the hold counts without it. */
function tellWho(path: string): void {
  try {
    writeFileSync(`${path}.pid`, `${process.pid}\n`, { mode: 0o600 });
  } catch {
    // a full disk fails the first write to the journal, in its own words
  }
}

function nameOf(path: string): string {
  try {
    const pid = readFileSync(`${path}.pid`, 'latin1').trim();
    return /^\d+$/.test(pid) ? ` (process ${pid})` : '';
  } catch {
    return '';
  }
}
