import { isPodshiftError, PodshiftError } from '../../model/errors.ts';
import type { JournalRuntime } from '../runtime.ts';

/**
 * An execution of migrate-cluster that did not succeed, as Step Functions tells it: the `detail` of the event "Step Functions
 * Execution Status Change" (Step Functions Developer Guide, "Automating Step Functions event delivery with EventBridge").
 */
export interface FailedExecution {
  readonly executionArn: string;
  readonly status: string;
  /** JSON text; null where it is too long for an event, which podshift's never is. */
  readonly input?: string | null | undefined;
  /** The error's name; null where the execution timed out or was aborted. */
  readonly error?: string | null | undefined;
}

/** What rollback-run goes on with. */
export interface ClaimOutput {
  readonly runId: string;
  readonly claimed: boolean;
  readonly unitIds: null;
  readonly reason: string;
}

/**
 * Decides whether a failed execution's run is to be rolled back, once for all who ask: by `claimant`, an execution of
 * rollback-run. It is not where the execution was refused before it took the run up (the run is another's), where another
 * execution has taken the run up since, where the run has ended, or is on its rollback already. Throws `InvalidInput` for an event
 * without the execution's input.
 */
export async function claimExecution(
  runtime: JournalRuntime,
  input: { execution: FailedExecution; claimant: string },
): Promise<ClaimOutput> {
  const { executionArn, status, error } = input.execution;
  if (typeof input.execution.input !== 'string') {
    throw new PodshiftError('InvalidInput', `the event of ${executionArn} carries no input, so it names no run`);
  }
  const runId = runOf(input.execution.input);
  const claimed = (await isOpen(runtime, runId)) && (await runtime.journal.claimRollback(runId, input.claimant, executionArn));
  const ended = typeof error === 'string' ? `${status} (${error})` : status;
  return { runId, claimed, unitIds: null, reason: `its execution ended as ${ended}` };
}

/** The run of an execution's input; empty where it names none, as an execution that was started by hand may. */
function runOf(text: string): string {
  const value: unknown = JSON.parse(text);
  return typeof value === 'object' && value !== null && 'runId' in value && typeof value.runId === 'string' ? value.runId : '';
}

/** Whether there is such a run without an end. One that has ended needs no rollback because a second execution of it failed. */
async function isOpen(runtime: JournalRuntime, runId: string): Promise<boolean> {
  try {
    return runId !== '' && (await runtime.journal.getRun(runId)).endedAt === null;
  } catch (error) {
    if (isPodshiftError(error) && error.name === 'RunNotFound') return false;
    throw error;
  }
}
