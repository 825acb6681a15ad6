import { isPodshiftError, type PodshiftError } from '../src/model/errors.ts';

/**
 * A failed state, as the library takes it: `name` is what `ErrorEquals` matches, the message becomes the `Cause`.
 * A terminal one is neither retried nor caught by any rule.
 */
export class TaskFailure extends Error {
  override readonly name: string;
  readonly isRetryable: boolean;
  readonly isCatchable: boolean;

  constructor(name: string, message: string, options: { terminal?: boolean; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = name;
    this.isRetryable = options.terminal !== true;
    this.isCatchable = options.terminal !== true;
  }
}

/** The failure for whatever a handler threw: its name, and the cause as Lambda words it, but without a stack trace. */
export function failureOf(error: unknown): TaskFailure {
  if (error instanceof TaskFailure) {
    return error;
  }
  const name = error instanceof Error ? error.name : 'Error';
  const message = error instanceof Error ? error.message : `a ${typeof error} was thrown`;
  return new TaskFailure(name, JSON.stringify({ errorType: name, errorMessage: message }), { cause: error });
}

/** The error that a handler threw, where it is one of the table. */
export function originalError(failure: unknown): PodshiftError | undefined {
  return failure instanceof TaskFailure && isPodshiftError(failure.cause) ? failure.cause : undefined;
}
