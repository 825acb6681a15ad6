import { constants } from 'node:fs';
import { access, readdir, stat, statfs } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import type { DoctorCheck } from '../outputs/doctor.ts';
import { missing, type Outcome, ok } from './attempt.ts';

/** Bytes that a journal should find free: a run of a thousand units writes about a tenth. */
const ROOM = 100 * 1024 * 1024;

/** The first version of SQLite that a journal may be written with (sqlite.org, "WAL-reset bug"). */
const SQLITE = [3, 51, 3] as const;

/** What a run needs of this machine. Nothing is made: a folder that is not there is judged by the one above it. */
export async function machineChecks(journal: string): Promise<DoctorCheck[]> {
  const of = (check: string, outcome: Outcome): DoctorCheck => ({ area: 'machine', check, needed: 'always', ...outcome });
  return [of('SQLite', sqliteOutcome(process.versions.sqlite ?? '0')), of('journal', await journalOutcome(journal))];
}

/** Whether a version of SQLite will do. */
export function sqliteOutcome(version: string): Outcome {
  const parts = version.split('.').map(Number);
  const differs = SQLITE.findIndex((part, index) => (parts[index] ?? 0) !== part);
  const isNewer = differs === -1 || (parts[differs] ?? 0) > (SQLITE[differs] ?? 0);
  if (isNewer) return ok(`SQLite ${version} of Node ${process.versions.node} keeps the journal`);
  return missing(
    `SQLite ${version} of Node ${process.versions.node} can lose what two processes write at once`,
    'Use Node 24.15 or later, or install podshift without --omit=optional: it brings its own.',
  );
}

/** Whether a journal can be written in a folder. */
export async function journalOutcome(folder: string): Promise<Outcome> {
  const remedy = 'Name another folder with --journal, or give this user the right to write there.';
  const place = await existing(resolve(folder));
  if (!(await stat(place)).isDirectory()) return missing(`${place} is no folder`, remedy);
  const files = place === resolve(folder) ? (await readdir(place).catch(() => [])).filter((name) => name.startsWith('journal.db')) : [];
  for (const path of [place, ...files.map((name) => join(place, name))]) {
    const error = await access(path, constants.R_OK | constants.W_OK).catch((thrown: NodeJS.ErrnoException) => thrown);
    if (error !== undefined) return missing(`${path} cannot be written (${error.code}), so a run could not record what it does`, remedy);
  }
  const { bavail, bsize } = await statfs(place);
  if (bavail * bsize < ROOM)
    return missing(
      `the disk of ${folder} has ${Math.floor((bavail * bsize) / 1024 / 1024)} MB free, and a run stops when it is full`,
      'Free space on it, or name another folder with --journal.',
    );
  return ok(files.length > 0 ? `${folder} has a journal that can be written` : `${folder} can be written`);
}

/** The folder, or the nearest one above it that is there. */
async function existing(folder: string): Promise<string> {
  const isThere = await access(folder).then(
    () => true,
    () => false,
  );
  return isThere || dirname(folder) === folder ? folder : existing(dirname(folder));
}
