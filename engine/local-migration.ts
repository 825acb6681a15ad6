import type { z } from 'zod';
import type { ClusterRuntime } from '../src/migration/runtime.ts';
import { isPodshiftError, PodshiftError } from '../src/model/errors.ts';
import { migrationOptions } from '../src/model/options.ts';
import type { ClusterTarget, RunStatus } from '../src/model/run.ts';
import type { EngineClock } from './clock.ts';
import type { Service } from './service.ts';
import { type ApprovalRequest, type OnProgress, runStateMachine } from './state-machine.ts';

/** What `migrate-cluster` is started with. */
export interface MigrationInput {
  readonly runId: string;
  readonly target: ClusterTarget;
  readonly mode: 'plan' | 'run';
  readonly approval: 'none' | 'required';
  /** The digest that the plan must have; null for any. */
  readonly expectedDigest: string | null;
  readonly options: z.input<typeof migrationOptions>;
}

/** What `rollback-run` is started with. */
export interface RollbackInput {
  readonly runId: string;
  /** Null for the whole run. */
  readonly unitIds: readonly string[] | null;
  readonly reason: string;
}

/** What both need. */
export interface Setting {
  readonly runtime: ClusterRuntime;
  readonly clock: EngineClock;
  readonly onEvent?: OnProgress;
  readonly signal?: AbortSignal;
  /** This project's own serverless.yml where absent. */
  readonly service?: Service;
}

/** A run to carry out in this process. */
export interface Migration extends Setting {
  readonly input: MigrationInput;
  /** Gives or refuses a required approval; see {@link ApprovalRequest}. */
  readonly approve?: (request: ApprovalRequest) => Promise<unknown>;
}

/** How a run ended. */
export interface MigrationResult {
  readonly runId: string;
  readonly status: RunStatus;
  /** What failed the migration, where it was rolled back because of it. */
  readonly failure: PodshiftError | null;
}

/**
 * Runs `migrate-cluster` and, where it fails, `rollback-run`, as the EventBridge rule does where podshift is deployed.
 * Throws what failed the migration where nothing was written or nothing could be rolled back; else the failure is part of
 * the answer. A run that another process has carried to its end meanwhile stays as it is. Interrupted (the signal), it throws the signal's reason and rolls nothing back: the run can be resumed.
 */
export async function migrate({ input, approve, ...shared }: Migration): Promise<MigrationResult> {
  const { signal } = shared;
  try {
    const output = await runStateMachine({
      ...shared,
      name: 'migrate-cluster',
      input: { ...input, options: migrationOptions.parse(input.options) },
      ...(approve === undefined ? {} : { approve }),
    });
    return { ...(output as { runId: string; status: RunStatus }), failure: null };
  } catch (error) {
    signal?.throwIfAborted();
    // Refused at the door: the run of this id, if there is one, is not this migration's.
    if (!isPodshiftError(error) || error.name === 'InvalidInput') {
      throw error;
    }
    const ended = await endOf(shared, input.runId);
    if (ended === 'migrated') return { runId: input.runId, status: ended, failure: null };
    const result = await undo(shared, input.runId, error);
    if (result.status === 'held') {
      throw error;
    }
    return { ...result, failure: error };
  }
}

/** How the run has ended; undefined where it has not. Another process that took it up may have carried it to its end. */
async function endOf({ runtime }: Setting, runId: string): Promise<RunStatus | undefined> {
  try {
    const { endedAt, status } = await runtime.journal.getRun(runId);
    return endedAt === null ? undefined : status;
  } catch (error) {
    if (isPodshiftError(error, 'RunNotFound')) return undefined;
    throw error;
  }
}

/** Rolls back what a failed migration wrote; where that fails as well, both failures are told. */
async function undo(shared: Setting, runId: string, failure: PodshiftError): Promise<Omit<MigrationResult, 'failure'>> {
  try {
    return await rollBack({ ...shared, input: { runId, unitIds: null, reason: `${failure.message} (${failure.name})` } });
  } catch (error) {
    shared.signal?.throwIfAborted();
    if (!isPodshiftError(error) || error.name === 'RunNotFound' || error.name === failure.name) {
      throw failure;
    }
    throw new PodshiftError(error.name, `${failure.message}; then the rollback failed: ${error.message}`, {
      cause: failure,
      details: error.details,
    });
  }
}

/** Runs `rollback-run`. Throws what failed it. */
export async function rollBack({ input, ...shared }: Setting & { readonly input: RollbackInput }): Promise<{
  runId: string;
  status: RunStatus;
}> {
  const output = await runStateMachine({ ...shared, name: 'rollback-run', input });
  return output as { runId: string; status: RunStatus };
}
