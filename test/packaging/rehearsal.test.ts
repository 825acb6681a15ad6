import { existsSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { loadPackagedService } from '../../engine/packaged-service.ts';
import { type Rehearsal, rehearse } from '../../engine/rehearsal.ts';
import type { Service } from '../../engine/service.ts';
import type { JournalEntry } from '../../src/model/run.ts';
import { packaged } from '../support/packaged.ts';

const START = Date.parse('2026-03-02T09:00:00Z');
/** A real cluster's snapshot lies beside some checkouts; the example that ships stands in for it elsewhere. */
const REAL = '../shared/snapshots/boutique';
const SNAPSHOT = existsSync(REAL) ? REAL : 'examples/shop';

/** All that a run and its way back left behind. */
interface Traces {
  readonly migrated: Rehearsal['report'];
  readonly back: Rehearsal['report'];
  readonly entries: readonly JournalEntry[];
  readonly states: readonly string[];
}

describe('the definitions that would be deployed', () => {
  it('rehearse a whole migration and its way back in the local engine, as those of the sources do', async () => {
    const { folder } = await packaged();
    const traces = await there(await loadPackagedService(folder));
    expect(traces.migrated.run.status).toBe('migrated');
    expect(traces.back.run.status).toBe('rolled-back');
    expect(traces.entries.length).toBeGreaterThan(0);
    expect(traces).toEqual(await there());
  });
});

/** Runs a migration of the snapshot, and takes it back. */
async function there(service?: Service): Promise<Traces> {
  const states: string[] = [];
  const rehearsal = await rehearse({
    snapshot: SNAPSHOT,
    startAt: START,
    onEvent: ({ type, state }) => {
      if (type === 'state-entered') states.push(state);
    },
    ...(service === undefined ? {} : { service }),
  });
  try {
    const { report } = await rehearsal.rollback();
    return { migrated: rehearsal.report, back: report, entries: await rehearsal.journal.listEntries(rehearsal.runId), states };
  } finally {
    await rehearsal.close();
  }
}
