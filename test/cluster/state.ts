import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { lives, markOf } from './life.ts';
import { withLock } from './lock.ts';
import { ClusterProblem } from './problem.ts';

const mark = z.strictObject({ pid: z.int().positive(), startedAt: z.string() });
const stateSchema = z.strictObject({ owner: mark, parts: z.array(z.strictObject({ name: z.string(), ...mark.shape })) });

/** Who runs a cluster in a folder, and by which processes. */
export type ClusterState = z.infer<typeof stateSchema>;

/** The folder of one running cluster. */
export interface ClaimedFolder {
  /** Keeps the list of processes, for whoever finds the folder after a crash. */
  record(parts: ClusterState['parts']): Promise<void>;
  /** Gives it back: everything but the logs is removed. */
  release(): Promise<void>;
}

const STATE_FILE = 'cluster.json';
const LOCK_FILE = 'start.lock';
const LOGS = 'logs';

/**
 * Makes the folder this process's own. Throws {@link ClusterProblem} where a cluster runs in it, where processes of an
 * earlier start still run (with `clean` they are ended instead), or where it holds something else. What a dead start
 * left on disk is named and removed.
 */
export async function claimFolder(
  folder: string,
  options: { readonly say: (line: string) => void; readonly clean?: boolean },
): Promise<ClaimedFolder> {
  const file = join(folder, STATE_FILE);
  const record = (parts: ClusterState['parts']): Promise<void> =>
    writeFile(file, JSON.stringify({ owner: markOf(process.pid), parts }, undefined, 2));
  await withLock(join(folder, LOCK_FILE), { say: options.say, patience: 10_000 }, async () => {
    const entries = (await readdir(folder)).filter((name) => !name.startsWith(LOCK_FILE) && name !== LOGS);
    const earlier = entries.includes(STATE_FILE) ? await readState(file) : undefined;
    if (earlier !== undefined) {
      await settleEarlier(folder, earlier, options);
    } else if (entries.length > 0) {
      throw new ClusterProblem(`${folder} holds other files (${entries.slice(0, 3).join(', ')})`, 'Choose an empty or a new folder.');
    }
    await clear(folder, [LOCK_FILE]);
    await mkdir(join(folder, LOGS), { recursive: true });
    await record([]);
  });
  return { record, release: () => clear(folder, [LOGS]) };
}

async function settleEarlier(
  folder: string,
  state: ClusterState,
  { say, clean }: { readonly say: (line: string) => void; readonly clean?: boolean },
): Promise<void> {
  if (lives(state.owner)) {
    throw new ClusterProblem(
      `a cluster already runs in ${folder}, started by process ${state.owner.pid}`,
      `Use it, end it with "kill ${state.owner.pid}", or choose another folder.`,
    );
  }
  const alive = state.parts.filter(lives);
  if (alive.length === 0) {
    say(`removing what process ${state.owner.pid}, which has gone, left in ${folder}`);
    return;
  }
  const names = alive.map(({ name, pid }) => `${name} (process ${pid})`).join(', ');
  if (clean !== true) {
    throw new ClusterProblem(
      `an earlier start in ${folder} ended without its parts: ${names} still run`,
      `End them with "kill ${alive.map(({ pid }) => pid).join(' ')}", or start with --clean.`,
    );
  }
  say(`ending ${names}, left by an earlier start`);
  for (const { pid } of alive) {
    process.kill(pid, 'SIGKILL');
  }
}

async function readState(file: string): Promise<ClusterState> {
  const read = stateSchema.safeParse(JSON.parse(await readFile(file, 'utf8')));
  if (!read.success) {
    throw new ClusterProblem(`${file} is not what a cluster writes`, 'Remove the folder, or choose another.');
  }
  return read.data;
}

async function clear(folder: string, kept: readonly string[]): Promise<void> {
  const names = (await readdir(folder)).filter((name) => !kept.some((prefix) => name.startsWith(prefix)));
  // The state goes last: until then a crash leaves a folder that is known for a cluster's.
  for (const name of [...names.filter((other) => other !== STATE_FILE), ...names.filter((other) => other === STATE_FILE)]) {
    await rm(join(folder, name), { recursive: true, force: true });
  }
}
