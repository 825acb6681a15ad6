import type { Journal } from '../../journal/journal.ts';
import { isPodshiftError } from '../../model/errors.ts';
import type { RunRecord } from '../../model/run.ts';
import type { JournalRuntime } from '../runtime.ts';

/** Whoever takes the lock does so after its run's start; the clocks of two machines may be apart. */
const CLOCKS_APART_MILLISECONDS = 3_600_000;

/**
 * What the runs that began on the cluster after this one have changed and not undone, each with the id of the newest such run: units by
 * their ids, which are the same in every run. Such a run took over what this one had left half-way, so what it stands on stays until it
 * is rolled back itself: newest change first.
 */
export async function changedByLaterRuns({ journal }: JournalRuntime, run: RunRecord): Promise<ReadonlyMap<string, string>> {
  const changed = new Map<string, string>();
  for (const { runId } of await laterRuns(journal, run)) {
    for (const { unitId, state } of await journal.listEntries(runId)) {
      if (unitId !== null && state !== 'undone') changed.set(unitId, runId);
    }
  }
  return changed;
}

/** Runs that have held the cluster's lock and began after this one, oldest first. One that retention took is over long ago. */
async function laterRuns(journal: Journal, run: RunRecord): Promise<RunRecord[]> {
  const found: RunRecord[] = [];
  const since = Date.parse(run.startedAt) - CLOCKS_APART_MILLISECONDS;
  for (const runId of (await journal.lockHolders(run.clusterArn, since)).filter((holder) => holder !== run.runId)) {
    try {
      const other = await journal.getRun(runId);
      if (Date.parse(other.startedAt) > Date.parse(run.startedAt)) found.push(other);
    } catch (error) {
      if (!isPodshiftError(error, 'RunNotFound')) throw error;
    }
  }
  return found.sort((one, other) => Date.parse(one.startedAt) - Date.parse(other.startedAt));
}
