import { describe, expect, it } from 'vitest';
import { durationOf, largeHistory, someFail, unitOf } from './moving/large.ts';
import { simulate } from './moving/simulate.ts';

const COUNT = 200;

describe('a cluster of many service accounts', () => {
  it('is migrated in about the time that its plan says', async () => {
    const history = largeHistory(COUNT, { perRole: 2 });
    const outcome = await simulate(history);
    expect(outcome.problems).toEqual([]);
    expect(outcome.units.filter(({ status }) => status === 'migrated')).toHaveLength(COUNT);
    const { took, planned } = durationOf(outcome, history);
    expect(planned.soaks).toBe(4);
    expect(took).toBeGreaterThan(planned.soaks * 900);
    expect(took).toBeLessThan(1.25 * planned.seconds);
  });

  // The first seed has a wave that is over the threshold of 10 %, the second has none.
  it.each([
    { seed: 6, overWave: 2 },
    { seed: 2, overWave: undefined },
  ])(
    'in which 5 % fail somewhere goes on or halts as the threshold says, and each of them is rolled back alone (seed $seed)',
    async ({ seed, overWave }) => {
      const failures = someFail(COUNT, seed);
      const { problems, runs, units } = await simulate(largeHistory(COUNT, { happenings: failures }));
      expect(problems).toEqual([]);
      const failing = new Set(failures.map(unitOf));
      const waves = Map.groupBy(units, ({ plan }) => plan.wave ?? -1);
      const share = (wave: number): number => {
        const members = waves.get(wave) ?? [];
        return (members.filter(({ unitId }) => failing.has(unitId)).length * 100) / members.length;
      };
      const over = [...waves.keys()].sort((a, b) => a - b).find((wave) => share(wave) > (wave === 0 ? 0 : 10));
      expect(over).toBe(overWave);
      expect(runs.map(({ status }) => status)).toEqual(['needs-operator']);
      expect(runs[0]?.reason).toMatch(over === undefined ? /^start a new run for / : new RegExp(`^wave ${over + 1} failed: `));
      for (const { unitId, plan, status } of units) {
        const begun = over === undefined || (plan.wave ?? 0) <= over;
        const ends = !begun ? ['held'] : failing.has(unitId) ? ['rolled-back', 'held'] : ['migrated'];
        expect(ends, unitId).toContain(status);
      }
    },
  );
});
