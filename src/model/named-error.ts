import { isPodshiftError, PodshiftError } from './errors.ts';

/** The error of a step by its own name. One that nobody named is a bug; its text may hold anything, so only its kind is told. */
export function namedError(error: unknown): PodshiftError {
  if (isPodshiftError(error)) return error;
  const kind = error instanceof Error ? error.name : typeof error;
  return new PodshiftError('InternalError', `an unexpected ${kind} ended the step`, { cause: error });
}
