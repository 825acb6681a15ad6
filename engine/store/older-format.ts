import { copyFileSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import type { Key } from '../../src/journal/layout.ts';
import type { Item } from '../../src/journal/table.ts';
import { isPodshiftError, PodshiftError } from '../../src/model/errors.ts';
import { storeFailure } from './failures.ts';
import { isThere, type JournalFiles, LEVELDB, listFolder, makeFile, syncFolder } from './files.ts';

/** An older podshift kept its journal in LevelDB, as dynalite lays tables out: the definition of each, and its items as JSON of DynamoDB. */
const TABLE = 'table~podshift';
const ITEMS = { after: 'item-podshift~', before: 'item-podshift\x7f' };

/** Whether the folder has the journal of an older podshift, whole or in parts. */
export function hasOlderFormat(names: readonly string[]): boolean {
  return names.some((name) => name === 'CURRENT' || /^(MANIFEST-\d+|\d+\.(ldb|sst))$/.test(name));
}

/**
 * The items of an older podshift's journal, read from a copy: LevelDB drops what it cannot read, and then removes it. Throws
 * `JournalInUse` while that podshift runs, `JournalDamaged`, and `JournalForeign` for a LevelDB of another program.
 */
export async function readOlderFormat(files: JournalFiles): Promise<(Key & Item)[]> {
  const { folder } = files;
  const lock = lockOlderFormat(files);
  const copy = join(folder, 'older-format-copy');
  try {
    rmSync(copy, { recursive: true, force: true });
    mkdirSync(copy, { mode: 0o700 });
    for (const name of listFolder(folder)) {
      if (LEVELDB.test(name) && !/^LO(CK|G)/.test(name)) copyFileSync(join(folder, name), join(copy, name));
    }
    return await readItems(copy, folder);
  } finally {
    rmSync(copy, { recursive: true, force: true });
    lock.close();
  }
}

/** LevelDB locks the whole of this file, and SQLite some bytes of it: neither gets in while the other is there. */
function lockOlderFormat({ folder }: JournalFiles): DatabaseSync {
  const path = join(folder, 'LOCK');
  makeFile(path);
  const lock = new DatabaseSync(path);
  try {
    lock.exec('BEGIN EXCLUSIVE');
    return lock;
  } catch (error) {
    lock.close();
    const inUse = isPodshiftError(storeFailure(error, folder), 'JournalInUse');
    throw inUse ? new PodshiftError('JournalInUse', `the journal in ${folder} is in use by an older podshift`) : error;
  }
}

async function readItems(copy: string, folder: string): Promise<(Key & Item)[]> {
  const damaged = (cause?: unknown): PodshiftError =>
    new PodshiftError('JournalDamaged', `the journal in ${folder}, which an older podshift wrote, was cut or overwritten`, { cause });
  // A native module, which few journals need: a machine that cannot load it keeps the others.
  const [{ ClassicLevel }, { unmarshall }] = await Promise.all([import('classic-level'), import('@aws-sdk/util-dynamodb')]);
  const database = new ClassicLevel<string, Record<string, unknown>>(copy, { valueEncoding: 'json', createIfMissing: false });
  try {
    await database.open();
    const items: (Key & Item)[] = [];
    for await (const [, value] of database.iterator({ gt: ITEMS.after, lt: ITEMS.before })) {
      items.push(unmarshall(binaries(value) as Record<string, AttributeValue>) as Key & Item);
    }
    const others = await database.keys({ limit: 1 }).all();
    const table = await database.get(TABLE);
    await database.close();
    // What LevelDB cannot read it leaves out, and says so here alone.
    if (/Corruption/.test(readFileSync(join(copy, 'LOG'), 'utf8'))) throw damaged();
    // Before its table was made the journal held nothing.
    if (table === undefined && others.length > 0) {
      throw new PodshiftError('JournalForeign', `${folder} has the LevelDB database of another program`);
    }
    return items;
  } catch (error) {
    throw isPodshiftError(error) || !isLevelError(error) ? error : damaged(error);
  } finally {
    await database.close();
  }
}

/** Puts the files of the older format aside, the one that makes them a database first. */
export function putOlderFormatAside({ folder, older }: JournalFiles): void {
  mkdirSync(older, { recursive: true, mode: 0o700 });
  const names = listFolder(folder).filter((name) => LEVELDB.test(name));
  for (const name of names.toSorted((a, b) => Number(b === 'CURRENT') - Number(a === 'CURRENT'))) {
    renameSync(join(folder, name), free(join(older, name)));
  }
  syncFolder(older);
  syncFolder(folder);
}

/** A path that is not taken: an older podshift may have written to the folder again. */
function free(path: string): string {
  for (let number = 1; ; number += 1) {
    const candidate = number === 1 ? path : `${path}.${number}`;
    if (!isThere(candidate)) return candidate;
  }
}

/** JSON has no bytes: dynalite keeps DynamoDB's base64. */
function binaries(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(binaries);
  return Object.fromEntries(
    Object.entries(value).map(([type, content]) =>
      type === 'B' && typeof content === 'string' ? [type, new Uint8Array(Buffer.from(content, 'base64'))] : [type, binaries(content)],
    ),
  );
}

/** Errors of LevelDB, and of what it holds in place of our JSON. */
function isLevelError(error: unknown): boolean {
  return error instanceof SyntaxError || (error instanceof Error && 'code' in error && String(error.code).startsWith('LEVEL_'));
}
