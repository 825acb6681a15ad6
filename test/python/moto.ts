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

/** What a moto server can do beyond keeping what it is told. */
export interface MotoOptions {
  /** Its Step Functions carries executions out. What their tasks call is asked of this port of loopback. */
  readonly executions?: { readonly taskPort: number };
  /** Its account; that of the suites where it is absent. */
  readonly accountId?: string;
}

/** Starts `moto_server` of a folder of programs on a free port of loopback. */
export async function startMoto(bin: string, { executions, accountId = '111122223333' }: MotoOptions = {}): Promise<Moto> {
  const [port = 0] = await freePorts(1);
  const child = spawn(join(bin, 'moto_server'), ['-H', LOOPBACK, '-p', String(port)], {
    // Trust policies decide, and the account is the one of the suites.
    env: {
      PATH: process.env.PATH,
      MOTO_ACCOUNT_ID: accountId,
      // Roles of nodes have AWS's own policies attached.
      ...(executions === undefined ? { MOTO_IAM_LOAD_MANAGED_POLICIES: 'true' } : { MOTO_PORT: String(executions.taskPort) }),
    },
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
  const tell = async (path: string, body: unknown): Promise<void> => {
    const answer = await fetch(`${endpoint}/moto-api/${path}`, { method: 'POST', body: JSON.stringify(body) });
    if (!answer.ok) throw new Error(`moto does not ${path}: ${answer.status}`);
  };
  if (executions !== undefined) await tell('config', { stepfunctions: { execute_state_machine: true } });
  return { endpoint, reset: () => tell('reset', {}), close };
}
