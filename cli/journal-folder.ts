import { readdirSync } from 'node:fs';
import { homedir } from 'node:os';
import { join, posix, win32 } from 'node:path';
import { isPodshiftError } from '../src/model/errors.ts';
import { createSystemClock } from '../twin/clock.ts';
import { textFlag } from './context.ts';
import type { Invocation } from './program.ts';

/** What of a machine says where its user's programs keep their state. */
export interface Machine {
  readonly platform: NodeJS.Platform;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** The user's home folder. */
  readonly home: string;
}

/**
 * The folder of the user's journal: `podshift` in `$XDG_STATE_HOME` or `~/.local/state` (XDG Base Directory Specification, by
 * which a relative path is as none), on Windows in `%LOCALAPPDATA%`.
 */
export function stateFolder({ platform, environment, home }: Machine): string {
  if (platform === 'win32') return win32.join(environment.LOCALAPPDATA || win32.join(home, 'AppData', 'Local'), 'podshift');
  const given = environment.XDG_STATE_HOME ?? '';
  return posix.join(posix.isAbsolute(given) ? given : posix.join(home, '.local', 'state'), 'podshift');
}

/** Where the journal of this user lies unless `--journal` says otherwise: {@link stateFolder} of this machine. */
export function defaultJournalFolder(): string {
  return stateFolder({ platform: process.platform, environment: process.env, home: homedir() });
}

/** A folder that may have a journal. */
export interface Candidate {
  readonly folder: string;
  readonly isThere: boolean;
  /** Whether it has the run or the fleet that the command names; false where it names none. */
  readonly hasNamed: boolean;
}

/** A journal that was chosen without `--journal`, and what is to be said about the choice; null where there was none. */
export interface Choice {
  readonly folder: string;
  readonly remark: string | null;
}

/**
 * The journal of a command that was given none: the user's, but that of the working folder, where older versions kept it, for
 * as long as there is one: its runs can go on and be rolled back, and its locks hold. A run or a fleet that only the user's
 * has is looked for there.
 */
export function chooseJournal(user: Candidate, working: Candidate): Choice {
  if (!working.isThere) return { folder: user.folder, remark: null };
  if (user.hasNamed && !working.hasNamed)
    return { folder: user.folder, remark: `read from the journal in ${user.folder}; this folder has another one in ${working.folder}` };
  const other = user.isThere ? `; "--journal ${user.folder}" takes the other one` : '';
  return {
    folder: working.folder,
    remark: `the journal of this folder is ${working.folder}, where older versions kept it; elsewhere it is ${user.folder}${other}`,
  };
}

/** The name of the folder in the working folder in which older versions kept the journal. */
const OLD_NAME = '.podshift';

/** The invocation with the journal that it works on as its `--journal`, where that is not the user's; see {@link chooseJournal}. */
export async function withJournalChosen(
  invocation: Invocation,
  { cwd, user = defaultJournalFolder() }: { readonly cwd: string; readonly user?: string },
): Promise<{ readonly invocation: Invocation; readonly remark: string | null }> {
  const working = join(cwd, OLD_NAME);
  // Null is the default of the option: the command has it, and it was not given.
  if (invocation.flags.journal !== null || textFlag(invocation, 'service') !== undefined || !isThere(working))
    return { invocation, remark: null };
  const ids = [...invocation.arguments, textFlag(invocation, 'resume')].filter((id) => id !== undefined);
  const candidate = async (folder: string): Promise<Candidate> => ({
    folder,
    isThere: isThere(folder),
    hasNamed: isThere(folder) && (await hasOneOf(folder, ids)),
  });
  const { folder, remark } = chooseJournal(await candidate(user), await candidate(working));
  return { invocation: folder === user ? invocation : { ...invocation, flags: { ...invocation.flags, journal: folder } }, remark };
}

/** The folder of the journal that a command of no run in particular works on there, unless `--journal` or a setting says another. */
export function folderFor(cwd: string): string {
  const working = join(cwd, OLD_NAME);
  return isThere(working) ? working : defaultJournalFolder();
}

/** Whether there is anything in the folder: also a journal that was damaged, or that this user may not read, is there. */
function isThere(folder: string): boolean {
  try {
    return readdirSync(folder).length > 0;
  } catch (error) {
    return !['ENOENT', 'ENOTDIR'].includes(String((error as NodeJS.ErrnoException).code));
  }
}

/** Whether the journal has a run or a fleet of one of these ids; false where it cannot be read, as the command will say. */
async function hasOneOf(folder: string, ids: readonly string[]): Promise<boolean> {
  if (ids.length === 0) return false;
  try {
    const { readLocalJournal } = await import('../engine/local-journal.ts');
    const opened = await readLocalJournal({ path: folder, clock: createSystemClock() });
    if (opened === undefined) return false;
    const { journal, close } = opened;
    try {
      const [runs, fleets] = await Promise.all([journal.listRuns(), journal.listFleets()]);
      return [...runs.map((run) => run.runId), ...fleets.map((fleet) => fleet.fleetId)].some((id) => ids.includes(id));
    } finally {
      await close();
    }
  } catch (error) {
    if (isPodshiftError(error)) return false;
    throw error;
  }
}
