import { AsyncLocalStorage } from 'node:async_hooks';
import type { Logger } from '../migration/runtime.ts';

/** Facts that each log line of one invocation carries, such as `runId`; no secrets. */
export type LogFields = Readonly<Record<string, string>>;

const current = new AsyncLocalStorage<LogFields>();

/** Does the work of one invocation: each line that a {@link contextual} logger writes meanwhile carries the fields. */
export function withLogFields<T>(fields: LogFields, work: () => Promise<T>): Promise<T> {
  return current.run(fields, work);
}

/** Does a part of that work: its lines carry these fields too. */
export function withMoreLogFields<T>(fields: LogFields, work: () => Promise<T>): Promise<T> {
  return current.run({ ...current.getStore(), ...fields }, work);
}

/** A logger whose lines carry the fields of the invocation that they come from, also where many run at once in one process. */
export function contextual(logger: Logger): Logger {
  const add = (fields?: Record<string, unknown>): Record<string, unknown> => ({ ...current.getStore(), ...fields });
  return {
    info: (message, fields) => logger.info(message, add(fields)),
    warn: (message, fields) => logger.warn(message, add(fields)),
    error: (message, fields) => logger.error(message, add(fields)),
  };
}

/** What of an event says whose work an invocation is: no other key of an event is ever logged, as one holds a task token. */
const TOLD = ['runId', 'unitId', 'roleArn'] as const;

/** Ids are short; anything longer is wrong input, and not worth a line. */
const MAX_ID = 256;

/** The log fields of an invocation: the ids of its event, and what Lambda calls it. */
export function logFieldsOf(event: unknown, context: { readonly functionName?: string; readonly awsRequestId?: string }): LogFields {
  const given = typeof event === 'object' && event !== null ? (event as Readonly<Record<string, unknown>>) : {};
  const ids = TOLD.map((name) => [name, given[name]] as const);
  const own = [
    ['function', context.functionName],
    ['requestId', context.awsRequestId],
  ] as const;
  return Object.fromEntries(
    [...ids, ...own].filter((pair): pair is readonly [(typeof pair)[0], string] => typeof pair[1] === 'string' && pair[1].length <= MAX_ID),
  );
}
