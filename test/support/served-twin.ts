import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'vitest';
import { type Ended, run } from '../cluster/run.ts';

/** A `podshift twin` process, and the environment in which clients find it, as its help text says. */
export interface ServedTwin {
  readonly environment: Readonly<Record<string, string>>;
  /** Runs a client to its end. */
  client(
    command: string,
    args: readonly string[],
    options?: { readonly input?: string; readonly environment?: Readonly<Record<string, string>> },
  ): Promise<Ended>;
  stop(): Promise<void>;
}

/** Serves the twin of a snapshot in a process of its own; what takes AWS seconds happens at once. */
export async function serveTwin(snapshot: string): Promise<ServedTwin> {
  const home = await mkdtemp(join(tmpdir(), 'podshift-test-'));
  const served = spawn(process.execPath, ['cli/main.ts', 'twin', snapshot, '--no-delays'], { stdio: ['ignore', 'ignore', 'pipe'] });
  const ended = once(served, 'close');
  let text = '';
  await new Promise<void>((resolve, reject) => {
    served.stderr.setEncoding('utf8').on('data', (part: string) => {
      text += part;
      if (text.includes('podshift plan --cluster')) resolve();
    });
    served.once('close', () => reject(new Error(`the twin ended:\n${text}`)));
  });
  const exported = [...text.matchAll(/(?:export |\b)([A-Z_]+)=(\S+)/g)].map(([, name = '', value = '']) => [name, value] as const);
  const environment = {
    PATH: process.env.PATH ?? '',
    HOME: home,
    AWS_PAGER: '',
    AWS_EC2_METADATA_DISABLED: 'true',
    ...Object.fromEntries(exported),
  };
  return {
    environment,
    client: (command, args, { environment: more = {}, ...options } = {}) =>
      run(command, args, { ...options, environment: { ...environment, ...more } }),
    stop: async () => {
      served.kill('SIGTERM');
      await ended;
      await rm(home, { recursive: true, force: true });
    },
  };
}

/** The output of a client that must have ended well. */
export function good({ code, stdout, stderr }: Ended): string {
  expect({ code, stderr }).toEqual({ code: 0, stderr: expect.any(String) });
  return stdout;
}
