import { type ChildProcess, spawn } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';

/** The folder of the project. */
export const ROOT = fileURLToPath(new URL('../../', import.meta.url));

/** How a process ended, and what it wrote. */
export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A process under way. */
export interface Running {
  readonly process: ChildProcess;
  /** Resolves once stdout or stderr holds the text; rejects where the process ends first. */
  seen(text: string | RegExp): Promise<string>;
  readonly ended: Promise<Ended>;
}

/** What a user's environment would add to ours is left out: the tests say what they want of it. */
const CLEAN = {
  NO_COLOR: undefined,
  FORCE_COLOR: undefined,
  COLUMNS: undefined,
  AWS_PROFILE: undefined,
  AWS_REGION: undefined,
  AWS_DEFAULT_REGION: undefined,
  PODSHIFT_SERVICE: undefined,
  PODSHIFT_FLEET_SERVICE: undefined,
  PODSHIFT_JOURNAL: undefined,
  PODSHIFT_OUTPUT: undefined,
};

/** Where a process that is started in no folder of its own would keep a journal and look for settings: never where the user does. */
const STATE = join(tmpdir(), `podshift-tests-${process.pid}-state`);

/**
 * Starts Node, or another program, on a file of the project, without a terminal. Its journal is in `options.cwd`, so that each test has
 * its own.
 */
export function start(args: readonly string[], options: { env?: NodeJS.ProcessEnv; cwd?: string; program?: string } = {}): Running {
  const child = spawn(options.program ?? process.execPath, args, {
    cwd: options.cwd ?? ROOT,
    env: {
      ...process.env,
      ...CLEAN,
      AWS_CONFIG_FILE: '/dev/null',
      AWS_SHARED_CREDENTIALS_FILE: '/dev/null',
      AWS_EC2_METADATA_DISABLED: 'true',
      XDG_STATE_HOME: options.cwd === undefined ? STATE : join(options.cwd, 'state'),
      XDG_CONFIG_HOME: options.cwd === undefined ? STATE : join(options.cwd, 'config'),
      ...options.env,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  // what a failed test leaves running must not outlive it
  onTestFinished(() => void child.kill('SIGTERM'));
  let stdout = '';
  let stderr = '';
  const listeners = new Set<() => void>();
  child.stdout.setEncoding('utf8').on('data', (part: string) => {
    stdout += part;
    for (const listener of listeners) listener();
  });
  child.stderr.setEncoding('utf8').on('data', (part: string) => {
    stderr += part;
    for (const listener of listeners) listener();
  });
  const ended = new Promise<Ended>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => resolve({ code, signal, stdout, stderr }));
  });
  return {
    process: child,
    ended,
    seen: (text) =>
      new Promise((resolve, reject) => {
        const look = (): void => {
          const all = `${stdout}\n${stderr}`;
          if (typeof text === 'string' ? all.includes(text) : text.test(all)) {
            listeners.delete(look);
            resolve(all);
          }
        };
        listeners.add(look);
        look();
        void ended.then((end) => reject(new Error(`ended before ${String(text)} was seen: ${JSON.stringify(end)}`)));
      }),
  };
}

/** Runs podshift to its end. */
export function podshift(...args: string[]): Promise<Ended> {
  return start(['cli/main.ts', ...args]).ended;
}

/** Flags for this Node that let it pass for one of these versions, as the launcher sees it. */
export function passingFor(versions: { node: string; sqlite?: string }): string[] {
  const versionsThen = `{ ...process.versions, sqlite: undefined, ...${JSON.stringify(versions)} }`;
  return ['--import', `data:text/javascript,Object.defineProperty(process, 'versions', { value: ${versionsThen} })`];
}
