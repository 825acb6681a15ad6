import type { DatabaseSync } from 'node:sqlite';
import type { Key } from '../../src/journal/layout.ts';
import type { Item, Table } from '../../src/journal/table.ts';
import { PodshiftError } from '../../src/model/errors.ts';
import { openCommits, readCommits } from './commits.ts';
import { createDatabase, openDatabase, upgradeDatabase, VERSIONS, type Versions, versionOf } from './database.ts';
import { storeFailure } from './failures.ts';
import { isThere, isWritable, type JournalFiles, journalFiles, listFolder, makeFolder } from './files.ts';
import { takeHold } from './hold.ts';
import { hasOlderFormat, putOlderFormatAside, readOlderFormat } from './older-format.ts';
import { createSqliteTable } from './sqlite-table.ts';
import { refuseOlderSqlite } from './sqlite-version.ts';

/** How a store is opened. */
export interface StoreSettings {
  readonly folder: string;
  /** Told of the first failure of the store itself, such as a full disk; from then on it takes no write. */
  readonly onFailure?: (error: PodshiftError) => void;
  /** How long a write waits for another process' write. Default 30 s. */
  readonly busyMilliseconds?: number;
  /** This podshift's where absent. */
  readonly versions?: Versions;
}

/** A journal's table on this machine. */
export interface Store {
  readonly table: Table;
  close(): void;
}

const BUSY_MILLISECONDS = 30_000;

/**
 * Opens the journal in a folder to read and write; makes both where they are missing, and carries over what an older podshift
 * wrote. Several processes may have it open at once. Throws `JournalDamaged`, `JournalForeign`, `JournalTooNew`,
 * `JournalFull`, `JournalUnavailable`, `JournalInUse`, and as {@link refuseOlderSqlite} does.
 */
export async function openStore(settings: StoreSettings): Promise<Store> {
  const files = journalFiles(settings.folder);
  refuseOlderSqlite(process.versions.sqlite, process.versions.node);
  return named(files, async () => {
    makeFolder(files.folder);
    await prepare(files, settings);
    return storeOver(files, 'write', settings);
  });
}

/**
 * Opens the journal in a folder to read alone, beside a process that writes to it; undefined where the folder has none.
 * What an older podshift wrote is carried over first. Throws as {@link openStore} does.
 */
export async function readStore(settings: StoreSettings): Promise<Store | undefined> {
  const files = journalFiles(settings.folder);
  return named(files, async () => {
    const state = stateOf(files);
    if (state === 'none') return undefined;
    if (state === 'older') await prepare(files, settings);
    return storeOver(files, 'read', settings);
  });
}

/** What is in the folder: no journal, one of this format, or one that is carried over first. Throws `JournalDamaged` for a rest. */
function stateOf(files: JournalFiles): 'none' | 'present' | 'older' {
  const names = listFolder(files.folder);
  if (names.includes('CURRENT')) return 'older';
  if (isThere(files.database)) return 'present';
  // A process that dies while it makes a journal leaves the file of commits, which then says that there was none.
  if (isThere(files.log) || (readCommits(files) ?? 0) > 0) {
    throw new PodshiftError('JournalDamaged', `the journal in ${files.folder} is damaged: journal.db is missing`);
  }
  if (hasOlderFormat(names)) {
    throw new PodshiftError(
      'JournalDamaged',
      `the journal in ${files.folder}, which an older podshift wrote, is damaged: CURRENT is missing`,
    );
  }
  return 'none';
}

/** Makes a journal where there is none, and takes in what an older podshift left. One process at a time does. */
async function prepare(files: JournalFiles, settings: StoreSettings): Promise<void> {
  if (stateOf(files) === 'present') return;
  if (!isWritable(files.folder)) {
    throw new PodshiftError(
      'JournalUnavailable',
      `the journal in ${files.folder} cannot be created or converted: this user may not write to the folder`,
    );
  }
  const { busyMilliseconds = BUSY_MILLISECONDS } = settings;
  const hold = takeHold(files, 'journal', 'the journal', busyMilliseconds);
  try {
    const state = stateOf(files);
    const items = state === 'older' ? await readOlderFormat(files) : undefined;
    if (!isThere(files.database)) createDatabase(files);
    if (items !== undefined) await carryOver(files, items, settings);
  } finally {
    hold.release();
  }
}

/** Takes in the items of an older podshift that are not there yet: repeated after a crash, it ends the same. */
async function carryOver(files: JournalFiles, items: readonly (Key & Item)[], settings: StoreSettings): Promise<void> {
  const store = storeOver(files, 'write', settings);
  try {
    await Promise.all(items.map((item) => store.table.put(item, { kind: 'absent' })));
  } finally {
    store.close();
  }
  putOlderFormatAside(files);
}

function storeOver(files: JournalFiles, access: 'write' | 'read', settings: StoreSettings): Store {
  const { busyMilliseconds = BUSY_MILLISECONDS, versions = VERSIONS, onFailure = () => undefined } = settings;
  const limits = { busyMilliseconds, versions };
  // A connection that only reads never resets the log.
  if (access === 'write') refuseOlderSqlite(process.versions.sqlite, process.versions.node);
  const database = openDatabase(files, access, limits);
  try {
    if (versionOf(database) < versions.current) return upgraded(files, access, settings, database);
    const commits = access === 'write' ? openCommits(files) : undefined;
    const table = createSqliteTable({ folder: files.folder, database, commits, version: versions.current, onFailure });
    return {
      table,
      close: () => {
        table.flush();
        database.close();
        commits?.close();
      },
    };
  } catch (error) {
    if (database.isOpen) database.close();
    throw error;
  }
}

/** The store after its tables were carried over to this podshift's version; to read alone it is opened once more. */
function upgraded(files: JournalFiles, access: 'write' | 'read', settings: StoreSettings, found: DatabaseSync): Store {
  found.close();
  const { busyMilliseconds = BUSY_MILLISECONDS, versions = VERSIONS } = settings;
  const database = openDatabase(files, 'write', { busyMilliseconds, versions });
  try {
    upgradeDatabase(database, files.folder, versions);
  } finally {
    database.close();
  }
  return storeOver(files, access, settings);
}

/** Errors of SQLite and of the file system by their names in the table. */
async function named<T>({ folder }: JournalFiles, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw storeFailure(error, folder);
  }
}
