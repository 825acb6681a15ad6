import { PodshiftError } from '../src/model/errors.ts';
import type { EngineClock } from './clock.ts';
import type { TaskTokens } from './state-machine.ts';
import { TaskFailure } from './task-failure.ts';

/** What a waiting state is told: an output, or a failure. */
export type TaskAnswer = { readonly output: unknown } | { readonly error: string; readonly cause: string };

/** The task tokens of this process. `answer` throws `TaskTokenGone` for one that waits no more, or never did. */
export interface LocalTaskTokens extends TaskTokens {
  answer(token: string, answer: TaskAnswer): void;
}

/** Tokens whose answers arrive by {@link LocalTaskTokens.answer}, each once, and in time by the clock. */
export function createLocalTaskTokens(clock: EngineClock, nextId: () => string): LocalTaskTokens {
  const waiting = new Map<string, (answer: TaskAnswer) => void>();
  return {
    open: (timeoutSeconds, signal) => {
      const token = `local-${nextId()}`;
      const { promise, resolve, reject } = Promise.withResolvers<unknown>();
      // The state can fail before it awaits the answer.
      promise.catch(() => undefined);
      const interrupt = (): void => reject(signal.reason);
      const cancel =
        timeoutSeconds === undefined
          ? () => undefined
          : clock.after(timeoutSeconds, () => {
              close();
              reject(new TaskFailure('States.Timeout', `not approved within ${timeoutSeconds} seconds`));
            });
      const close = (): void => {
        waiting.delete(token);
        cancel();
        signal.removeEventListener('abort', interrupt);
      };
      signal.addEventListener('abort', interrupt, { once: true });
      waiting.set(token, (answer) => {
        close();
        if ('output' in answer) resolve(JSON.parse(JSON.stringify(answer.output)));
        else reject(new TaskFailure(answer.error, answer.cause));
      });
      return { token, answer: promise, close };
    },
    answer: (token, answer) => {
      const waiter = waiting.get(token);
      if (waiter === undefined) throw new PodshiftError('TaskTokenGone', 'no state waits for this answer any more');
      waiter(answer);
    },
  };
}
