import { existsSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { loadPackagedService } from '../../engine/packaged-service.ts';
import { type Rehearsal, rehearse } from '../../engine/rehearsal.ts';
import type { Service } from '../../engine/service.ts';
import { canonicalRun, recordedRun } from '../support/canonical-journal.ts';
import { packaged } from '../support/packaged.ts';

const START = Date.parse('2026-03-02T09:00:00Z');
/** A real cluster's snapshot lies beside some checkouts; the example that ships stands in for it elsewhere. */
const REAL = '../shared/snapshots/boutique';
const SNAPSHOT = existsSync(REAL) ? REAL : 'examples/shop';

/** All that a run and its way back left behind, and which states each unit passed; the run's own are under ''. */
interface Traces {
  readonly migrated: Readonly<Record<string, unknown>>;
  readonly back: Readonly<Record<string, unknown>>;
  readonly promises: Rehearsal['report']['promises'];
  readonly states: ReadonlyMap<string, ReadonlySet<string>>;
}

describe('the definitions that would be deployed', () => {
  it('rehearse a whole migration and its way back in the local engine, as those of the sources do', async () => {
    const { folder } = await packaged();
    const traces = await traced(await loadPackagedService(folder));
    expect(traces.migrated.run).toMatchObject({ status: 'migrated', ended: true });
    expect(traces.back.run).toMatchObject({ status: 'rolled-back', ended: true });
    expect(traces.promises).toEqual({ credentialGapSeconds: 0, widenedPrincipals: [], foreignWrites: 0 });
    expect(traces).toEqual(await traced());
  }, 600_000);
});

/** Runs a migration of the snapshot, and takes it back. */
async function traced(service?: Service): Promise<Traces> {
  const states = new Map<string, Set<string>>();
  const rehearsal = await rehearse({
    snapshot: SNAPSHOT,
    journal: 'memory',
    startAt: START,
    onEvent: ({ type, state, unitIds = [] }) => {
      if (type === 'state-entered') states.set(String(unitIds), (states.get(String(unitIds)) ?? new Set()).add(state));
    },
    ...(service === undefined ? {} : { service }),
  });
  try {
    const canonical = async () => canonicalRun(await recordedRun(rehearsal.journal, rehearsal.runId));
    const migrated = await canonical();
    const { report } = await rehearsal.rollback();
    return { migrated, back: await canonical(), promises: report.promises, states };
  } finally {
    await rehearsal.close();
  }
}
