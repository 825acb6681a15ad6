import type { JournalRuntime } from '../src/migration/runtime.ts';
import { HEARTBEAT_LOCK_SECONDS } from '../src/migration/write.ts';
import { isPodshiftError } from '../src/model/errors.ts';
import type { EngineClock } from './clock.ts';

/** Two of them fit into the time for which the lock lasts. */
const BEAT_SECONDS = HEARTBEAT_LOCK_SECONDS / 2;

/**
 * Renews the lock of a run's cluster for as long as this process carries the run out, however long it waits: a process that is
 * killed renews nothing, and another run may begin within minutes. It takes no lock that the run does not hold. Answers what ends it.
 */
export function beat(runtime: JournalRuntime, clock: EngineClock, input: unknown): () => void {
  const runId = (input as { readonly runId?: unknown } | null)?.runId;
  if (runtime.heartbeat !== true || typeof runId !== 'string') return () => undefined;
  let cancel = (): void => undefined;
  let over = false;
  const next = (): void => {
    if (!over) cancel = clock.after(BEAT_SECONDS, () => void renew(runtime, runId).finally(next));
  };
  next();
  return () => {
    over = true;
    cancel();
  };
}

async function renew({ journal, logger }: JournalRuntime, runId: string): Promise<void> {
  try {
    const { clusterArn } = await journal.getRun(runId);
    if (clusterArn !== '') await journal.extendLock(clusterArn, runId, HEARTBEAT_LOCK_SECONDS);
  } catch (error) {
    // A run that has no lock yet, or none any more: its next step says so, and who has it.
    if (!isPodshiftError(error, 'LockLost', 'RunNotFound'))
      logger.warn('the lock of the run could not be renewed', { runId, error: String(error) });
  }
}
