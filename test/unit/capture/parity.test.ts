import { readdirSync } from 'node:fs';
import { describe, expect, it, onTestFinished } from 'vitest';
import { type Rehearsal, rehearse } from '../../../engine/rehearsal.ts';
import { loadSnapshot } from '../../../twin/snapshot.ts';
import { captureTwin } from '../../support/captured.ts';

const START = Date.parse('2026-03-01T12:00:00Z');
const EXAMPLES = readdirSync('examples');

async function planned(snapshot: string): Promise<Rehearsal> {
  const rehearsal = await rehearse({ snapshot, startAt: START, mode: 'plan' });
  onTestFinished(rehearsal.close);
  return rehearsal;
}

/** What a plan was made from, and what it came to. */
async function documents({ journal, runId, report }: Rehearsal) {
  const { calls: _calls, ...said } = report;
  const [plan, inventory] = await Promise.all([journal.getDocument(runId, 'plan'), journal.getDocument(runId, 'inventory')]);
  // Each API server counts the versions of its objects for itself; no digest holds them.
  return JSON.parse(JSON.stringify({ plan, inventory, said }, (key, value) => (key === 'resourceVersion' ? undefined : value)));
}

describe.each(EXAMPLES)('a capture of the cluster of examples/%s', (example) => {
  it('gives the plan, the findings and the digest of the cluster itself', async () => {
    const live = await planned(`examples/${example}`);
    const { folder, remove } = await captureTwin(live);
    onTestFinished(remove);
    const again = await planned(folder);
    expect(await documents(again)).toEqual(await documents(live));
    expect(again.report.run.digest).toMatch(/^[0-9a-f]{64}$/);
    expect(again.report.findings.length).toBeGreaterThan(0);
  });

  it('tells everything that a snapshot can tell', async () => {
    const live = await planned(`examples/${example}`);
    const { folder, captured, remove } = await captureTwin(live);
    onTestFinished(remove);
    expect((await loadSnapshot(folder)).gaps).toEqual([]);
    expect(captured.refusals).toEqual([]);
  });
});
