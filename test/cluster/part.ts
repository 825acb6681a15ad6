import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { markOf, type ProcessMark } from './life.ts';
import { ClusterProblem } from './problem.ts';
import { type Environment, findTool, tail } from './run.ts';

/** One server of the cluster: what to run. */
export interface PartSettings {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly environment: Environment;
  /** The folder that its log goes to, as NAME.log. */
  readonly logs: string;
}

/** A server that was started. */
export interface Part {
  readonly name: string;
  readonly mark: ProcessMark;
  readonly logPath: string;
  /** Resolves with how it ended, once it has. */
  readonly ended: Promise<string>;
  /** How it ended; undefined while it runs. */
  how(): string | undefined;
  /** Ends it: politely, and after five seconds for certain. */
  stop(): Promise<void>;
}

const POLITE_MILLISECONDS = 5_000;

/** Starts a server. Where the machine has setpriv (util-linux) the kernel ends the server with this process, whatever ends this process. */
export async function startPart(settings: PartSettings): Promise<Part> {
  const logPath = join(settings.logs, `${settings.name}.log`);
  const setpriv = process.platform === 'linux' ? await findTool('setpriv', settings.environment, ['/usr/bin']) : undefined;
  const line = [settings.command, ...settings.args];
  const [command = settings.command, ...args] = setpriv === undefined ? line : [setpriv, '--pdeathsig', 'KILL', '--', ...line];
  const log = openSync(logPath, 'a');
  const child = spawn(command, args, {
    env: { ...settings.environment } as NodeJS.ProcessEnv,
    detached: true,
    stdio: ['ignore', log, log],
  });
  closeSync(log);
  let how: string | undefined;
  const ended = new Promise<string>((resolve) => {
    child.on('exit', (code, signal) => resolve(signal === null ? `exit code ${code}` : signal));
    child.on('error', (error) => resolve(error.message));
  });
  ended.then((text) => {
    how = text;
  });
  // An error of spawn arrives with the next turn of the loop.
  await sleep(0);
  if (child.pid === undefined) {
    throw new ClusterProblem(
      `${settings.name} cannot be started: ${await ended}`,
      `Check that ${settings.command} is a program of this machine.`,
    );
  }
  const mark = markOf(child.pid) ?? { pid: child.pid, startedAt: '' };
  return { name: settings.name, mark, logPath, ended, how: () => how, stop: () => stopChild(child, ended, () => how) };
}

async function stopChild(child: ChildProcess, ended: Promise<string>, how: () => string | undefined): Promise<void> {
  if (how() !== undefined) {
    return;
  }
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), POLITE_MILLISECONDS);
  await ended;
  clearTimeout(timer);
}

/** The message for a server that ended by itself, with the end of its log. */
export function endedProblem(part: Part): ClusterProblem {
  const log = tail(readFileSync(part.logPath, 'utf8'));
  const port = /listen tcp[^\n]*?:(\d+): bind: address already in use/.exec(log)?.[1];
  return new ClusterProblem(
    `${part.name} ended (${part.how()}); the end of ${part.logPath}:\n${log}`,
    port === undefined
      ? 'Read the whole log; the other parts were stopped.'
      : `Another program took port ${port} in the meantime. Start again: other ports are chosen.`,
  );
}

/**
 * Waits until `check` resolves to true; what it throws counts as not yet. Throws {@link ClusterProblem} where the part
 * or one of the others ends, or the time (milliseconds) passes.
 */
export async function waitUntilReady(
  part: Part,
  check: () => Promise<boolean>,
  options: { readonly within: number; readonly signal?: AbortSignal | undefined; readonly others?: readonly Part[] },
): Promise<void> {
  const deadline = Date.now() + options.within;
  let last: unknown;
  while (Date.now() < deadline) {
    options.signal?.throwIfAborted();
    const gone = [part, ...(options.others ?? [])].find((candidate) => candidate.how() !== undefined);
    if (gone !== undefined) {
      throw endedProblem(gone);
    }
    try {
      if (await check()) {
        return;
      }
    } catch (error) {
      last = error;
    }
    await sleep(100, undefined, { signal: options.signal });
  }
  throw new ClusterProblem(
    `${part.name} is not ready after ${options.within / 1000} s${last instanceof Error ? ` (${last.message})` : ''}; the end of ${part.logPath}:\n${tail(readFileSync(part.logPath, 'utf8'))}`,
    'Read the whole log. A machine under heavy load may just need another try.',
  );
}
