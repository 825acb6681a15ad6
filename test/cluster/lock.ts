import { randomUUID } from 'node:crypto';
import { link, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { lives, markOf, type ProcessMark } from './life.ts';
import { ClusterProblem } from './problem.ts';

/** How a lock is waited for. */
export interface LockOptions {
  readonly say: (line: string) => void;
  /** How long to wait for a process that lives, in milliseconds. */
  readonly patience?: number;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Runs `work` while `path` is this process's lock file. Another process that lives is waited for; the lock of one that
 * has gone is named and taken over. Throws {@link ClusterProblem} when the patience ends.
 */
export async function withLock<T>(path: string, options: LockOptions, work: () => Promise<T>): Promise<T> {
  await mkdir(dirname(path), { recursive: true });
  const release = await acquire(path, options);
  try {
    return await work();
  } finally {
    await release();
  }
}

async function acquire(path: string, { say, patience = 30 * 60_000, signal }: LockOptions): Promise<() => Promise<void>> {
  const draft = `${path}.${randomUUID()}`;
  const deadline = Date.now() + patience;
  let waitedFor: number | undefined;
  await writeFile(draft, JSON.stringify(markOf(process.pid)));
  try {
    for (;;) {
      signal?.throwIfAborted();
      // A link is made whole or not at all, so a lock file is never seen without its owner.
      if (await linked(draft, path)) {
        return () => rm(path, { force: true });
      }
      const owner = await readOwner(path);
      if (owner === 'gone') {
        continue;
      }
      if (owner === 'unreadable' || !lives(owner)) {
        say(`taking over the lock ${path}: ${owner === 'unreadable' ? 'it names no process' : `process ${owner.pid} has gone`}`);
        await discard(path, owner);
        continue;
      }
      if (Date.now() >= deadline) {
        throw new ClusterProblem(
          `process ${owner.pid} holds the lock ${path}`,
          `Wait until it has finished, or end it with "kill ${owner.pid}".`,
        );
      }
      if (waitedFor !== owner.pid) {
        waitedFor = owner.pid;
        say(`waiting for process ${owner.pid}, which holds the lock ${path}`);
      }
      await sleep(200, undefined, { signal });
    }
  } finally {
    await rm(draft, { force: true });
  }
}

async function linked(from: string, to: string): Promise<boolean> {
  try {
    await link(from, to);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') {
      return false;
    }
    throw error;
  }
}

/** Moves the stale lock aside. Whoever moved a fresh one by mistake (two took over at once) puts it back. */
async function discard(path: string, stale: ProcessMark | 'unreadable'): Promise<void> {
  const aside = `${path}.${randomUUID()}`;
  try {
    await rename(path, aside);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') {
      return;
    }
    throw error;
  }
  const moved = await readOwner(aside);
  if (JSON.stringify(moved) !== JSON.stringify(stale)) {
    await linked(aside, path);
  }
  await rm(aside, { force: true });
}

async function readOwner(path: string): Promise<ProcessMark | 'gone' | 'unreadable'> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') {
      return 'gone';
    }
    throw error;
  }
  const mark = parseMark(text);
  return mark ?? 'unreadable';
}

function parseMark(text: string): ProcessMark | undefined {
  const found = /^\{"pid":(\d+),"startedAt":"(\d*)"\}$/.exec(text);
  return found === null ? undefined : { pid: Number(found[1]), startedAt: found[2] ?? '' };
}
