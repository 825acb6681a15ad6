import { setTimeout as delay } from 'node:timers/promises';
import { isPodshiftError, PodshiftError } from '../../src/model/errors.ts';
import { duration } from '../../src/model/text/duration.ts';
import type { DoctorCheck } from '../outputs/doctor.ts';

/** Milliseconds that one check may take: then it is given up. */
export const PATIENCE = 30_000;

/** How a check came out, without what it is about. */
export type Outcome = Pick<DoctorCheck, 'status' | 'detail' | 'remedy'>;

/** An outcome that needs nobody. */
export const ok = (detail: string): Outcome => ({ status: 'ok', detail, remedy: '' });

/** An outcome that nobody can tell. */
export const unknown = (detail: string, remedy = ''): Outcome => ({ status: 'unknown', detail, remedy });

/** An outcome that stands in the way of a run. */
export const missing = (detail: string, remedy: string): Outcome => ({ status: 'missing', detail, remedy });

/** What a work comes to. Throws `ServiceUnavailable` where it takes longer than it may, and the signal's reason at once. */
export async function within<T>(work: Promise<T>, signal: AbortSignal, patience: number = PATIENCE): Promise<T> {
  const settled = new AbortController();
  const ends = AbortSignal.any([signal, settled.signal]);
  const late = delay(patience, undefined, { signal: ends }).then(
    () => Promise.reject(new PodshiftError('ServiceUnavailable', `no answer within ${duration(patience)}`)),
    () => (signal.aborted ? Promise.reject(signal.reason) : new Promise<never>(() => undefined)),
  );
  // What is left of either ends with the process.
  late.catch(() => undefined);
  work.catch(() => undefined);
  return Promise.race([work, late]).finally(() => settled.abort());
}

/** Errors that say that something answered, and nothing about what is needed. */
const PASSING: readonly string[] = ['Throttled', 'LimitExceeded', 'InvalidRequest'];

/** What an error means for what was tried. Throws what is no error of the table. */
export function outcomeOf(error: unknown): Outcome {
  if (!isPodshiftError(error)) throw error;
  if (PASSING.includes(error.name)) return unknown(error.message, error.remedy);
  return missing(error.message, error.remedy);
}

/** Whether an error means that a host could not be reached, or gave no answer: others would wait for it in vain. */
export function isUnreached(error: unknown): boolean {
  return isPodshiftError(error, 'ServiceUnavailable', 'ClusterUnreachable', 'CredentialsMissing', 'MemberRoleRefused');
}
