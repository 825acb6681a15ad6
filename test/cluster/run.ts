import { spawn } from 'node:child_process';
import { access, constants, stat } from 'node:fs/promises';
import { delimiter, join } from 'node:path';

/** The environment that tools are looked up in and run with. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** How a command ended. */
export interface Ended {
  /** 128 and up where a signal ended it. */
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** The first file of this name that may be executed in the environment's PATH, or in one of `more` folders; undefined where there is none. */
export async function findTool(name: string, environment: Environment, more: readonly string[] = []): Promise<string | undefined> {
  const folders = [...(environment.PATH ?? '').split(delimiter).filter((folder) => folder !== ''), ...more];
  for (const folder of folders) {
    const path = join(folder, name);
    if (await isProgram(path)) {
      return path;
    }
  }
  return undefined;
}

/** Whether the path is a file that may be executed. */
export async function isProgram(path: string): Promise<boolean> {
  try {
    await access(path, constants.X_OK);
    return (await stat(path)).isFile();
  } catch (error) {
    if (['ENOENT', 'EACCES', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '')) {
      return false;
    }
    throw error;
  }
}

/** Runs a command to its end; an abort ends it and all that it started. Throws only where it cannot be started or is aborted. */
export function run(
  command: string,
  args: readonly string[],
  options: {
    readonly cwd?: string;
    readonly environment?: Environment;
    readonly input?: string;
    readonly signal?: AbortSignal | undefined;
  } = {},
): Promise<Ended> {
  return new Promise((resolve, reject) => {
    options.signal?.throwIfAborted();
    // A group of its own: go's compilers end with it, and a Ctrl-C reaches it through us alone.
    const child = spawn(command, args, {
      cwd: options.cwd,
      env: { ...options.environment } as NodeJS.ProcessEnv,
      detached: true,
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    const output = { stdout: '', stderr: '' };
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
      output.stdout += chunk;
    });
    child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
      output.stderr += chunk;
    });
    const abort = (): void => {
      if (child.pid !== undefined) {
        process.kill(-child.pid, 'SIGKILL');
      }
    };
    options.signal?.addEventListener('abort', abort, { once: true });
    child.on('error', reject);
    child.on('close', (code, signal) => {
      options.signal?.removeEventListener('abort', abort);
      if (options.signal?.aborted) {
        reject(options.signal.reason);
        return;
      }
      resolve({ code: code ?? (signal === 'SIGKILL' ? 137 : 128), ...output });
    });
    // A command that does not read its input ends without it.
    child.stdin.on('error', (error: NodeJS.ErrnoException) => error.code === 'EPIPE' || reject(error));
    child.stdin.end(options.input ?? '');
  });
}

/** The last lines of a text, for messages. */
export function tail(text: string, lines = 15): string {
  return text.trimEnd().split('\n').slice(-lines).join('\n');
}
