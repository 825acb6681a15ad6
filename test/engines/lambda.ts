import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Packaged } from '../support/package-service.ts';
import type { Answered, Asked, Moved } from './lambda-process.ts';

/** What an invocation came to, as Lambda's API answers: `failed` is its header `X-Amz-Function-Error`. */
export interface Invocation {
  /** JSON text. */
  readonly payload: string;
  readonly failed: boolean;
}

/** Invokes a function by its name in Lambda. */
export type Invoke = (functionName: string, event: string) => Promise<Invocation>;

/** The packaged functions, running in a process of their own. */
export interface Lambda {
  readonly invoke: Invoke;
  /** All that the functions printed. */
  log(): string;
  /** Sets their clock ahead of the machine's, for what is invoked from now on. */
  setAhead(milliseconds: number): void;
  close(): Promise<void>;
}

const PROCESS = fileURLToPath(new URL('./lambda-process.ts', import.meta.url));

/** Starts the packaged functions over the given environment, which is added to what the template says of theirs. */
export function startLambda(packaged: Packaged, environment: Readonly<Record<string, string>>): Lambda {
  const functions = new Map(Object.entries(packaged.state.service.functions).map(([key, { name, handler }]) => [name, { key, handler }]));
  // Nothing of this process' own environment but what finds programs: Lambda has none of it either.
  const env = { PATH: process.env.PATH, ...environment };
  const child = fork(PROCESS, { env, execArgv: [], stdio: ['ignore', 'pipe', 'pipe', 'ipc'] });
  let printed = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (text: string) => {
      printed += text;
    });
  }
  const waiting = new Map<number, { resolve(answered: Answered): void; reject(error: Error): void }>();
  child.on('message', (answered: Answered) => {
    waiting.get(answered.id)?.resolve(answered);
    waiting.delete(answered.id);
  });
  const ended = once(child, 'close').then(() => {
    for (const { reject } of waiting.values()) reject(new Error(`the process of the functions ended:\n${printed.slice(-2000)}`));
  });
  let asked = 0;
  return {
    invoke: async (functionName, event) => {
      const found = functions.get(functionName);
      if (found === undefined) throw new Error(`the service has no function ${functionName}`);
      const [, file, handler] = /^(.+)\.([^./]+)$/.exec(found.handler) ?? [];
      if (file === undefined || handler === undefined) throw new Error(`${functionName} has the handler ${found.handler}`);
      asked += 1;
      const question: Asked = { id: asked, file: join(packaged.code(found.key), `${file}.mjs`), handler, event };
      const { promise, resolve, reject } = Promise.withResolvers<Answered>();
      waiting.set(question.id, { resolve, reject });
      child.send(question, (error) => error !== null && reject(error));
      return promise;
    },
    log: () => printed,
    setAhead: (aheadMilliseconds) => void child.send({ aheadMilliseconds } satisfies Moved),
    close: async () => {
      child.kill('SIGTERM');
      await ended;
    },
  };
}
