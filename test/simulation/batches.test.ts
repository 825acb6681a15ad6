import { describe, expect, it, vi } from 'vitest';
import { probeName } from '../../src/verification/probe.ts';
import { batchHistory, deadly, endsOf, everyCrash, everyCut, everyLoss, failingHistory, overlapHistory } from './moving/batches.ts';
import { type Outcome, simulate } from './moving/simulate.ts';

/** One place in so many; `npm run test:simulation` takes them all. */
const EVERY = 299;

function sample<Site>(sites: readonly Site[], from = 7): Site[] {
  return sites.filter((_, index) => index % EVERY === from);
}

const all = (status: string, { units }: Outcome): unknown => Object.fromEntries(units.map(({ unitId }) => [unitId, status]));

describe('a batch', async () => {
  const clean = await simulate(batchHistory());

  it('takes plain units, splits and an add-on in batches, and all of them migrate', () => {
    expect(endsOf(clean)).toEqual({ problems: [], runs: ['migrated'], units: all('migrated', clean) });
    expect(clean.units.filter(({ plan }) => plan.wave === 1)).toHaveLength(5);
    expect(clean.units.filter(({ plan }) => plan.addon !== undefined)).toHaveLength(2);
    expect(clean.units.filter(({ plan }) => (plan.metadata?.splitFrom ?? null) !== null)).toHaveLength(2);
  });

  it.each(sample(everyCut(clean)))('ends the same where $of $number dies at call $call: $error', async (cut) => {
    expect(endsOf(await simulate(batchHistory([cut])))).toEqual(endsOf(clean));
  });

  it.each(['associate', 'checkInjection', 'restartWorkloads', 'checkRollout', 'removeAnnotations'])(
    'loses no other unit to one that no invocation of %s survives',
    async (of) => {
      const outcome = await simulate(batchHistory([deadly(of)]));
      expect(outcome.told.filter((line) => line.includes('the function died ahead of')).length).toBeGreaterThan(4);
      const units = { ...endsOf(clean).units, 'shop/bill': 'rolled-back' };
      expect(endsOf(outcome)).toEqual({ problems: [], runs: ['needs-operator'], units });
    },
  );

  it('loses no other unit to one that functions hang at, for longer than the time-out of the others', async () => {
    const [run] = clean.runs;
    const object = probeName(run?.runId ?? '', 'shop/bill', 'check', 0).slice(0, -'-0'.length);
    const outcome = await simulate(batchHistory([{ ...deadly('checkInjection', 100), object }]));
    expect(endsOf(outcome)).toEqual({
      problems: [],
      runs: ['needs-operator'],
      units: { ...endsOf(clean).units, 'shop/bill': 'rolled-back' },
    });
  });

  it('leaves to an operator the one unit that no invocation can take back, and begins no other wave', async () => {
    const outcome = await simulate(batchHistory([deadly('restartWorkloads'), deadly('undoUnits')]));
    const held = { 'kube-system/efs-csi-controller-sa': 'held', 'kube-system/efs-csi-node-sa': 'held' };
    const units = { ...endsOf(clean).units, ...held, 'shop/bill': 'needs-operator' };
    expect(endsOf(outcome)).toEqual({ problems: [], runs: ['needs-operator'], units });
  });
});

describe('waves that overlap', async () => {
  const clean = await simulate(overlapHistory());
  const local = { mode: 'local' } as const;
  const alone = await simulate(overlapHistory([], local));
  const failing = await simulate(failingHistory());

  it('do: a wave is restarted while the one before it soaks', () => {
    expect(endsOf(clean)).toEqual({ problems: [], runs: ['migrated'], units: all('migrated', clean) });
    const fifth = clean.units.filter(({ plan }) => plan.wave === 4).map(({ stepStartedAt }) => String(stepStartedAt.restart));
    const fourth = clean.units.filter(({ plan }) => plan.wave === 3).map(({ facts }) => String(facts.soakUntil));
    expect(fifth.sort()[0]).toMatch(/^2026/);
    expect(
      fifth
        .sort()
        .at(-1)
        ?.localeCompare(fourth.sort()[0] ?? ''),
    ).toBe(-1);
  });

  it.each(sample(everyLoss(clean)))('end the same where the $part of call $number is lost', async (loss) => {
    expect(endsOf(await simulate(overlapHistory([loss])))).toEqual(endsOf(clean));
  });

  it.each(sample(everyCrash(alone, 'resume')))(
    'end the same where the process dies at call $call and the run is resumed',
    async (crash) => {
      expect(endsOf(await simulate(overlapHistory([crash], local)))).toEqual(endsOf(clean));
    },
  );

  it.each(sample(everyCrash(alone, 'roll back'), 93))(
    'leave nothing where it dies at call $call and the run is rolled back',
    async (crash) => {
      const { problems, runs } = endsOf(await simulate(overlapHistory([crash], local)));
      expect(problems).toEqual([]);
      // Held: it had done nothing yet.
      expect(['rolled-back', 'held']).toContain(runs.join());
    },
  );

  // The last of them once left the trust of a unit that had been rolled back, with nobody to take it out.
  it.each(
    everyCrash(failing, 'resume')
      .slice(-260)
      .filter(({ call }) => call % 26 === 0),
  )('leave nothing of a unit that failed where the process dies at call $call and the run is resumed', async (crash) => {
    expect((await simulate(failingHistory([crash]))).problems).toEqual([]);
  });
});

// Each left its whole world in memory, by the timers of its tasks: a sweep over thousands of crashes ran out of it.
it('leaves no timer of Node behind where a process died', async () => {
  const DAY = 86_400_000;
  const [set, clear] = [vi.spyOn(globalThis, 'setTimeout'), vi.spyOn(globalThis, 'clearTimeout')];
  try {
    await simulate(overlapHistory([{ kind: 'crash', call: 900, next: 'resume', seconds: 5 }], { mode: 'local' }));
    const long = set.mock.calls.flatMap(([, delay], index) => ((delay ?? 0) > DAY ? [set.mock.results[index]?.value] : []));
    expect(long.length).toBeGreaterThan(10);
    const cleared = new Set<unknown>(clear.mock.calls.map(([timer]) => timer));
    expect(long.filter((timer) => !cleared.has(timer))).toEqual([]);
  } finally {
    vi.restoreAllMocks();
  }
});
