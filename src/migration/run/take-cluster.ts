import { isPodshiftError } from '../../model/errors.ts';
import type { RunRecord } from '../../model/run.ts';
import type { JournalRuntime } from '../runtime.ts';
import { lockSeconds } from '../write.ts';

/**
 * Takes the cluster's lock for a run that has changed nothing so far. Where another run has it, the record says so and names that
 * run, with the error's name last, as every run has it that its execution's failure ends. Throws `ClusterLocked`.
 */
export async function takeCluster(runtime: JournalRuntime, { runId, reason }: RunRecord, clusterArn: string): Promise<void> {
  const { journal } = runtime;
  try {
    await journal.acquireLock(clusterArn, runId, lockSeconds(runtime));
  } catch (error) {
    if (isPodshiftError(error, 'ClusterLocked')) await journal.updateRun(runId, { reason: `${error.message} (${error.name})` });
    throw error;
  }
  // An execution before this one was refused.
  if (reason !== '') await journal.updateRun(runId, { reason: '' });
}
