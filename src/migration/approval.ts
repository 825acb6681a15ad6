import { PodshiftError } from '../model/errors.ts';
import { digestNow } from './plan-run.ts';
import type { ClusterRuntime, Runtime } from './runtime.ts';
import { LOCK_SECONDS } from './write.ts';

/** Keeps the task token with the run, for whoever approves; it goes nowhere else. The state machine waits for its answer. */
export async function requestApproval(
  runtime: Runtime,
  input: { runId: string; taskToken: string },
): Promise<{ runId: string; digest: string }> {
  const run = await runtime.journal.getRun(input.runId);
  await runtime.journal.putTaskToken(input.runId, input.taskToken);
  return { runId: run.runId, digest: run.digest };
}

/**
 * Checks that what was approved is this plan, and that the plan still fits the world: an approval may come days later.
 * Takes the cluster's lock again, as it has expired by then. Throws `ApprovalMismatch`, `WorldMoved`, `ClusterLocked`.
 */
export async function confirmApproval(runtime: ClusterRuntime, input: { runId: string; digest: string }): Promise<{ digest: string }> {
  const run = await runtime.journal.getRun(input.runId);
  if (input.digest !== run.digest) {
    throw new PodshiftError('ApprovalMismatch', `digest ${input.digest} was approved, but the plan of run ${run.runId} is ${run.digest}`);
  }
  await runtime.journal.acquireLock(run.clusterArn, run.runId, LOCK_SECONDS);
  const now = await digestNow(runtime, run);
  if (now !== run.digest) {
    throw new PodshiftError(
      'WorldMoved',
      `the cluster or its roles changed since the plan was made: it would be ${now} now, not ${run.digest}`,
    );
  }
  return { digest: run.digest };
}
