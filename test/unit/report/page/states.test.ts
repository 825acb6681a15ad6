import { describe, expect, it } from 'vitest';
import type { UnitPlan } from '../../../../src/model/plan.ts';
import type { RunReport } from '../../../../src/model/report.ts';
import { renderPage } from '../../../../src/report/page/page.ts';
import { buildPlanReport } from '../../../../src/report/report.ts';
import { finishedRun, manyPlan } from '../../fixtures/page-reports.ts';

const PLAN = manyPlan(6);
const { report: DONE, facts: FACTS } = finishedRun(PLAN);
const RUN_ENDS = ['migrated', 'held', 'rolled-back', 'needs-operator', 'running', 'rolling-back', 'pending'] as const;
const UNIT_ENDS = ['migrated', 'held', 'rolled-back', 'needs-operator', 'running', 'rolling-back', 'pending'] as const;
const OPEN = new Set<string>(['running', 'rolling-back', 'pending']);

/** A run whose units of waves all stand so. */
function standing(run: (typeof RUN_ENDS)[number], unit: (typeof UNIT_ENDS)[number]): RunReport {
  return {
    ...DONE,
    run: { ...DONE.run, status: run, endedAt: OPEN.has(run) ? null : DONE.run.endedAt },
    units: DONE.units.map((one) =>
      one.wave === null ? one : { ...one, status: unit, reason: unit === 'migrated' ? '' : 'because of that' },
    ),
  };
}

/** Nothing of the code shows through: no missing value, no time that is none, no object. */
function expectWhole(page: string): void {
  expect(page).toMatch(/^<!doctype html>/);
  expect(page).not.toMatch(/undefined|NaN|Invalid Date|\[object /);
  const ids = [...page.matchAll(/ id="([^"]+)"/g)].map(([, id]) => id);
  expect(new Set(ids).size).toBe(ids.length);
  for (const [, target] of page.matchAll(/href="#([^"]+)"/g)) expect(ids).toContain(target);
}

describe('a page of a run that stands', () => {
  it.each(RUN_ENDS.flatMap((run) => UNIT_ENDS.map((unit) => [run, unit] as const)))('%s, with units that are %s, is whole', (run, unit) => {
    const report = standing(run, unit);
    const undoing = unit === 'rolled-back' || unit === 'rolling-back';
    const times = new Map(
      [...FACTS.times].map(([id, { steps, soakUntil }]) => [
        id,
        { steps: undoing ? { ...steps, undo: DONE.run.startedAt } : steps, soakUntil },
      ]),
    );
    const writes = FACTS.writes.map((write) => (undoing ? { ...write, state: 'undone' as const } : write));
    const page = renderPage(report, { facts: { ...FACTS, times, writes }, version: '1.2.3' });
    expectWhole(page);
    if (unit !== 'migrated') expect(page).toContain('because of that');
    expect(page).toContain(`data-state="${unit}"`);
  });

  it('anyhow, of which no journal has times, writes or changes, is whole', () => {
    const none = { options: undefined, changes: [], writes: [], times: new Map() };
    for (const run of RUN_ENDS) expectWhole(renderPage(standing(run, 'migrated'), { facts: none }));
  });

  it('so, on a twin whose promises were broken or kept, says which', () => {
    const broken = {
      ...DONE,
      promises: { credentialGapSeconds: 7, widenedPrincipals: ['arn:aws:iam::1:role/a: somebody'], foreignWrites: 1 },
    };
    expectWhole(renderPage(broken, { facts: FACTS }));
    expect(renderPage(broken, { facts: FACTS })).toContain('somebody');
    expectWhole(renderPage({ ...DONE, promises: { credentialGapSeconds: 0, widenedPrincipals: [], foreignWrites: 0 } }, { facts: FACTS }));
  });

  it('with proofs that did not pass, says so', () => {
    const units = DONE.units.map((unit) => ({ ...unit, evidence: unit.evidence.map((one) => ({ ...one, passed: false })) }));
    const page = renderPage({ ...DONE, units }, { facts: FACTS });
    expectWhole(page);
    expect(page).toContain('not shown');
  });
});

describe('a page of a plan', () => {
  const facts = {
    runId: 'run1',
    status: 'planned',
    startedAt: DONE.run.startedAt,
    endedAt: DONE.run.endedAt,
    calls: DONE.calls,
    promises: null,
  } as const;

  it.each([
    ['with a soak', { ...PLAN.options, soakSeconds: 900 }],
    ['without a soak', { ...PLAN.options, soakSeconds: 0 }],
  ])('%s is whole, and says so', (_, options) => {
    const plan = { ...PLAN, options };
    const page = renderPage(buildPlanReport(plan, facts), { facts: { ...FACTS, options, writes: [], times: new Map() } });
    expectWhole(page);
    expect(page).toContain(options.soakSeconds === 0 ? 'Nothing soaks.' : 'Each wave soaks for 15 min before the next one begins.');
  });

  it.each([
    [4, false, 'Each wave soaks for 15 min before the next one begins.'],
    [5, false, 'Each wave soaks for 15 min: the first 3 before the next one begins, later ones while others begin.'],
    [5, true, 'Each wave soaks for 15 min before the next one begins.'],
  ])('of %i waves (sequential: %s) says how they follow one another', (waves, sequentialWaves, told) => {
    const options = { ...PLAN.options, soakSeconds: 900, sequentialWaves };
    const [first] = PLAN.units.filter(({ decision }) => decision === 'migrate');
    const units = Array.from(
      { length: waves },
      (_, wave) => ({ ...first, id: `shop/${wave}`, serviceAccount: `${wave}`, wave }) as UnitPlan,
    );
    const page = renderPage(buildPlanReport({ ...PLAN, options, units, waves }, facts), {
      facts: { ...FACTS, options, writes: [], times: new Map() },
    });
    expect(page).toContain(told);
  });

  it('of nothing is whole', () => {
    const plan = { ...PLAN, units: [], roles: [], findings: [], waves: 0 };
    expectWhole(renderPage(buildPlanReport(plan, facts), { facts: { options: undefined, changes: [], writes: [], times: new Map() } }));
  });
});
