import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * What the disk has of a write when the power goes: nothing of it, as at the sync before; parts of what it writes, in any
 * order, since they were not synced yet; or all of it, though nobody was told.
 */
export type Cut = 'before' | 'torn' | 'after';

/** The files of a journal as the disk holds them, with everything that was synced. */
export interface Disk {
  readonly database: Buffer;
  readonly log: Buffer;
  readonly commits: Buffer;
}

/** The journal's files in this folder now. */
export function diskOf(folder: string): Disk {
  const read = (name: string): Buffer => (existsSync(join(folder, name)) ? readFileSync(join(folder, name)) : Buffer.alloc(0));
  return { database: read('journal.db'), log: read('journal.db-wal'), commits: read('journal.db-commits') };
}

/** Writes what a disk has left into the folder `after`, where another process finds it when the power is back. */
export function layDown(folder: string, { database, log, commits }: Disk): void {
  const place = join(folder, 'after');
  mkdirSync(place);
  writeFileSync(join(place, 'journal.db'), database);
  if (log.length > 0) writeFileSync(join(place, 'journal.db-wal'), log);
  writeFileSync(join(place, 'journal.db-commits'), commits);
}

/** A disk writes 512 bytes at a time, and what was not synced yet in any order. */
const SECTOR = 512;

/**
 * The disk in the midst of a commit. SQLite writes to the log and syncs it, and says so only then; from time to time it
 * copies the log to the database after that, and syncs the database before it uses the log anew.
 */
export function torn(before: Disk, after: Disk, seed: number): Disk {
  const draw = drawn(seed);
  // The file of commits is not synced: the disk may have a much older one.
  const commits = draw(2) === 0 ? before.commits : Buffer.from('000000000000000\n');
  if (!before.database.equals(after.database) && draw(2) === 0) {
    return { database: mixed(before.database, after.database, draw), log: after.log, commits };
  }
  const isCut = draw(2) === 0;
  const differs = firstDifference(before.log, after.log);
  if (isCut) {
    const length = differs + draw(Math.max(1, after.log.length - differs));
    return { database: before.database, log: Buffer.concat([after.log.subarray(0, length), before.log.subarray(length)]), commits };
  }
  return { database: before.database, log: mixed(before.log, after.log, draw), commits };
}

/** Some sectors of `after`, at least one that differs left out, and the others as they were. */
function mixed(before: Buffer, after: Buffer, draw: (most: number) => number): Buffer {
  const disk = Buffer.alloc(after.length);
  before.copy(disk);
  const changed: number[] = [];
  for (let start = 0; start < after.length; start += SECTOR) {
    if (!after.subarray(start, start + SECTOR).equals(disk.subarray(start, start + SECTOR))) changed.push(start);
  }
  const lost = changed[draw(changed.length)];
  for (const start of changed) {
    if (start !== lost && draw(3) > 0) after.copy(disk, start, start, start + SECTOR);
  }
  return disk;
}

function firstDifference(a: Buffer, b: Buffer): number {
  const length = Math.min(a.length, b.length);
  for (let index = 0; index < length; index += 1) if (a[index] !== b[index]) return index;
  return length;
}

/** Numbers below `most` that are the same for the same seed (mulberry32). */
export function drawn(seed: number): (most: number) => number {
  let state = seed * 0x9e3779b1;
  return (most) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixing = Math.imul(state ^ (state >>> 15), 1 | state);
    mixing = (mixing + Math.imul(mixing ^ (mixing >>> 7), 61 | mixing)) ^ mixing;
    return ((mixing ^ (mixing >>> 14)) >>> 0) % Math.max(1, most);
  };
}
