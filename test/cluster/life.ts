import { readFileSync } from 'node:fs';

/** One process of this machine, told apart from a later one that was given the same number. */
export interface ProcessMark {
  readonly pid: number;
  /** When it started, in the kernel's ticks; empty where the machine does not tell (no /proc). */
  readonly startedAt: string;
}

/** The mark of a process that lives, or undefined. A zombie does not live. */
export function markOf(pid: number): ProcessMark | undefined {
  try {
    process.kill(pid, 0);
  } catch (error) {
    // EPERM: it lives and is another user's.
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') {
      return undefined;
    }
  }
  const fields = statFields(pid);
  return fields?.[0] === 'Z' ? undefined : { pid, startedAt: fields?.[19] ?? '' };
}

/** Whether the marked process still lives; another process with its number does not count. */
export function lives(mark: ProcessMark): boolean {
  return markOf(mark.pid)?.startedAt === mark.startedAt;
}

/** The fields of proc(5)'s stat from the state on: the name before them may hold blanks and brackets. */
function statFields(pid: number): string[] | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return text.slice(text.lastIndexOf(')') + 2).split(' ');
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === 'ENOENT' || code === 'ESRCH') {
      return undefined;
    }
    throw error;
  }
}
