import { PodshiftError } from '../model/errors.ts';
import { readDrift, writeDrift } from './items.ts';
import type { Journal } from './journal.ts';
import { driftKey, scanKey } from './layout.ts';
import { ABSENT, type Table } from './table.ts';

/** The journal's part that knows scans: what each found changed, and which one was a cluster's last. */
type Scans = Pick<Journal, 'putDrift' | 'getDrift' | 'lastScan' | 'noteScan'>;

/** Scans as single items: one with its run, one for each cluster. */
export function createScans(table: Table): Scans {
  const getDrift: Scans['getDrift'] = async (runId) => {
    const item = await table.get(driftKey(runId));
    return item === undefined ? undefined : readDrift(item);
  };
  return {
    getDrift,
    putDrift: async (drift) => {
      if (await table.put({ ...driftKey(drift.runId), ...writeDrift(drift) }, ABSENT)) return drift;
      const existing = await getDrift(drift.runId);
      if (existing === undefined) throw new PodshiftError('InternalError', `the drift of run ${drift.runId} is gone`);
      return existing;
    },
    lastScan: async (clusterArn, scope) => (await table.get(scanKey(clusterArn, scope)))?.runId as string | undefined,
    noteScan: async (clusterArn, scope, runId, takenAt) => {
      const time = Date.parse(takenAt);
      await table.put(
        { ...scanKey(clusterArn, scope), runId, takenAt: time },
        { kind: 'any', of: [ABSENT, { kind: 'at-most', attribute: 'takenAt', value: time }] },
      );
    },
  };
}
