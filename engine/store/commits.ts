import { closeSync, fsyncSync, openSync, readFileSync, writeSync } from 'node:fs';
import { PodshiftError } from '../../src/model/errors.ts';
import { isMissing, type JournalFiles } from './files.ts';

/** So many digits, so that each number takes the place of the one before it. */
const DIGITS = 15;

/** The file that says how many commits were acknowledged. */
export interface Commits {
  write(commits: number): void;
  close(): void;
}

/**
 * Opens the file that a writer keeps beside the database. It says the number of the last commit that was acknowledged, and is
 * written after the commit was synced: the database is never behind it, unless commits were lost since. It is not synced
 * itself, as one that lags behind harms nothing.
 */
export function openCommits({ commits: path }: JournalFiles): Commits {
  const descriptor = openSync(path, 'r+');
  return {
    write: (commits) => void writeSync(descriptor, text(commits), 0),
    close: () => closeSync(descriptor),
  };
}

/** Makes the file for a journal without commits, and brings it to the disk; one that is there stays. */
export function makeCommits({ commits: path }: JournalFiles): void {
  let descriptor: number;
  try {
    descriptor = openSync(path, 'wx', 0o600);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return;
    throw error;
  }
  try {
    writeSync(descriptor, text(0), 0);
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

/** How many commits were acknowledged; undefined where nothing says so. Throws `JournalDamaged` for what is no number. */
export function readCommits({ folder, commits: path }: JournalFiles): number | undefined {
  let content: string;
  try {
    content = readFileSync(path, 'latin1');
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
  // A person may have written the number.
  if (!/^\d{1,15}\s*$/.test(content)) {
    throw new PodshiftError('JournalDamaged', `the journal in ${folder} is damaged: journal.db-commits was cut or overwritten`);
  }
  return Number(content);
}

function text(commits: number): string {
  return `${String(commits).padStart(DIGITS, '0')}\n`;
}
