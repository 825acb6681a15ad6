import type { RunRecord } from '../../model/run.ts';
import type { JournalRuntime } from '../runtime.ts';
import { LOCK_SECONDS } from '../write.ts';

/** The lock is still this run's: asked ahead of every write of a way back. Throws `LockLost`. */
export async function fence(runtime: JournalRuntime, run: RunRecord): Promise<void> {
  await runtime.journal.extendLock(run.clusterArn, run.runId, LOCK_SECONDS);
}
