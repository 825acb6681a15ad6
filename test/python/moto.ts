import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { connects, freePorts, LOOPBACK } from '../cluster/ports.ts';

/** A moto server: an AWS account in memory, of AWS' shapes and nobody here's making. */
export interface Moto {
  readonly endpoint: string;
  /** Empties the account. */
  reset(): Promise<void>;
  close(): Promise<void>;
}

/** Starts `moto_server` of a folder of programs on a free port of loopback. */
export async function startMoto(bin: string): Promise<Moto> {
  const [port = 0] = await freePorts(1);
  const child = spawn(join(bin, 'moto_server'), ['-H', LOOPBACK, '-p', String(port)], {
    // Trust policies decide, and the account is the one of the suites.
    env: { PATH: process.env.PATH, MOTO_ACCOUNT_ID: '111122223333' },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let log = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    log = `${log}${text}`.slice(-2000);
  });
  const ended = once(child, 'close');
  const close = async (): Promise<void> => {
    child.kill('SIGTERM');
    await ended;
  };
  const endpoint = `http://${LOOPBACK}:${port}`;
  for (const deadline = Date.now() + 60_000; !(await connects(port)); await sleep(100)) {
    if (child.exitCode !== null || Date.now() > deadline) {
      await close();
      throw new Error(`moto_server does not answer:\n${log}`);
    }
  }
  return {
    endpoint,
    reset: async () => {
      const answer = await fetch(`${endpoint}/moto-api/reset`, { method: 'POST' });
      if (!answer.ok) throw new Error(`moto does not reset: ${answer.status}`);
    },
    close,
  };
}
