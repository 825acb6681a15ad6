import { renameSync, rmSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { pathToFileURL } from 'node:url';
import { PodshiftError } from '../../src/model/errors.ts';
import { makeCommits, readCommits } from './commits.ts';
import { naming } from './failures.ts';
import { closeToOthers, isThere, isWritable, type JournalFiles, makeFile, syncFolder } from './files.ts';

/** Marks an SQLite file as podshift's journal (sqlite.org, "PRAGMA application_id"): `PodS`. */
const APPLICATION_ID = 0x506f6453;

/** The version of the tables below. A change of them raises it, and adds the step that carries the version before it over. */
export const STORE_VERSION = 1;

/** Carries the tables of a version over to the next one. */
export type Upgrade = (database: DatabaseSync) => void;

/** What this podshift writes, and how it carries over what earlier ones wrote: the first step is that from version 1 to 2. */
export interface Versions {
  readonly current: number;
  readonly upgrades: readonly Upgrade[];
}

export const VERSIONS: Versions = { current: STORE_VERSION, upgrades: [] };

/** `binary` has the attributes that JSON has no type for. The one row of `journal` goes with each commit. */
const TABLES = `
  CREATE TABLE items (
    pk TEXT NOT NULL,
    sk TEXT NOT NULL,
    attributes TEXT NOT NULL,
    binary TEXT,
    checksum INTEGER NOT NULL,
    PRIMARY KEY (pk, sk)
  ) STRICT;
  CREATE TABLE journal (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    commits INTEGER NOT NULL,
    checksum INTEGER NOT NULL
  ) STRICT;
  INSERT INTO journal (id, commits, checksum) VALUES (1, 0, 0);
`;

/** Makes an empty journal under its name at once: a process that dies on the way, or a power cut, leaves none or all of it. */
export function createDatabase(files: JournalFiles): void {
  const path = `${files.database}-new`;
  for (const end of ['', '-journal', '-wal', '-shm']) rmSync(`${path}${end}`, { force: true });
  makeFile(path);
  const database = new DatabaseSync(path);
  try {
    database.exec(
      `PRAGMA synchronous = FULL; BEGIN; ${TABLES} PRAGMA application_id = ${APPLICATION_ID}; PRAGMA user_version = ${STORE_VERSION}; COMMIT; PRAGMA journal_mode = WAL;`,
    );
  } finally {
    database.close();
  }
  makeCommits(files);
  syncFolder(files.folder);
  renameSync(path, files.database);
  syncFolder(files.folder);
}

/**
 * Opens the database of a journal that is there, after a look at all of it. Throws `JournalDamaged` for one that was cut,
 * overwritten or lacks commits that were acknowledged, `JournalForeign` for another program's, `JournalTooNew`, and what
 * {@link naming} makes of errors.
 */
export function openDatabase(
  files: JournalFiles,
  access: 'write' | 'read',
  { busyMilliseconds, versions }: { readonly busyMilliseconds: number; readonly versions: Versions },
): DatabaseSync {
  return naming(files.folder, () => {
    // Before the database is looked at, so that another process' commits in between do no harm.
    const acknowledged = readCommits(files);
    const reader = new DatabaseSync(placeOf(files), { readOnly: true, timeout: busyMilliseconds });
    try {
      recognise(reader, files, versions);
      check(reader, files.folder, acknowledged);
    } catch (error) {
      reader.close();
      throw error;
    }
    if (access === 'read') return reader;
    // Only now: one that may write changes what it finds, even when it is closed again.
    reader.close();
    closeFiles(files);
    const writer = new DatabaseSync(files.database, { timeout: busyMilliseconds });
    try {
      writer.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA fullfsync = ON;');
      // Where it cannot be written, that shows now and not in the middle of a run.
      writer.exec('BEGIN IMMEDIATE; ROLLBACK');
      return writer;
    } catch (error) {
      writer.close();
      throw error;
    }
  });
}

/** The version of the tables, as they are in a transaction that is under way or before one. */
export function versionOf(database: DatabaseSync): number {
  return numberOf(database, 'PRAGMA user_version', 'user_version');
}

/** Carries the tables over to the current version, all of the way or not at all. Throws `JournalTooOld`. */
export function upgradeDatabase(database: DatabaseSync, folder: string, { current, upgrades }: Versions): void {
  database.exec('BEGIN IMMEDIATE');
  try {
    for (let version = versionOf(database); version < current; version += 1) {
      const step = upgrades[version - 1];
      if (step === undefined) {
        throw new PodshiftError(
          'JournalTooOld',
          `the journal in ${folder} was written in store version ${version}, which this podshift cannot convert`,
        );
      }
      step(database);
    }
    database.exec(`PRAGMA user_version = ${current}; COMMIT`);
  } catch (error) {
    if (database.isTransaction) database.exec('ROLLBACK');
    throw error;
  }
}

/** A journal that nobody has open, in a folder where this user may make no files, is read as one that does not change. */
function placeOf({ folder, database, log }: JournalFiles): string | URL {
  if (isThere(log) || isWritable(folder)) return database;
  const place = pathToFileURL(database);
  place.searchParams.set('immutable', '1');
  return place;
}

function recognise(database: DatabaseSync, { folder }: JournalFiles, { current }: Versions): void {
  const application = numberOf(database, 'PRAGMA application_id', 'application_id');
  if (application !== APPLICATION_ID) {
    const objects = numberOf(database, 'SELECT count(*) AS objects FROM sqlite_schema', 'objects');
    throw application === 0 && objects === 0
      ? new PodshiftError('JournalDamaged', `the journal in ${folder} is damaged: journal.db is empty`)
      : new PodshiftError('JournalForeign', `journal.db in ${folder} is the database of another program`);
  }
  const version = versionOf(database);
  if (version > current) {
    throw new PodshiftError(
      'JournalTooNew',
      `the journal in ${folder} was written in store version ${version}; this podshift reads up to ${current}`,
    );
  }
}

/** Looks at every page, and that no item and no commit is missing, in one moment of the journal. */
function check(database: DatabaseSync, folder: string, acknowledged: number | undefined): void {
  const damaged = (what: string): PodshiftError => new PodshiftError('JournalDamaged', `the journal in ${folder} is damaged: ${what}`);
  database.exec('BEGIN');
  try {
    const found = String(Object.values(database.prepare('PRAGMA integrity_check(1)').get() ?? {})[0]);
    if (found !== 'ok') throw damaged(`journal.db was cut or overwritten (${found.replaceAll(/\s+/g, ' ')})`);
    const noted = database.prepare('SELECT commits, checksum FROM journal').get() as { commits: number; checksum: number } | undefined;
    if (noted === undefined) throw damaged('journal.db lacks the number of its commits');
    const checksum = numberOf(database, 'SELECT coalesce(sum(checksum), 0) & 4294967295 AS sum FROM items', 'sum');
    if (checksum !== noted.checksum) throw damaged('an older part of journal.db stands in the place of a newer one');
    if (acknowledged === undefined) throw damaged('journal.db-commits is missing; it belongs to journal.db, as journal.db-wal does');
    const lost = acknowledged - noted.commits;
    if (lost > 0)
      throw damaged(
        `the last ${lost} of ${acknowledged} commits are missing: journal.db-wal was removed, cut or overwritten, or journal.db is an older copy`,
      );
  } finally {
    if (database.isTransaction) database.exec('ROLLBACK');
  }
}

function closeFiles(files: JournalFiles): void {
  for (const path of [files.database, files.log, `${files.database}-shm`, files.commits]) closeToOthers(path, 0o600);
}

function numberOf(database: DatabaseSync, sql: string, column: string): number {
  return Number(database.prepare(sql).get()?.[column]);
}
