import { describe, expect, it } from 'vitest';
import { rehearse } from '../../engine/rehearsal.ts';
import { checkPromises, checkSecondRun, SNAPSHOTS, settingsOf } from './scenario.ts';

/** Numbers from 0 to 1 that look random and are the same each time (mulberry32). */
function numbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

describe.each(SNAPSHOTS)('a storm of throttling over %s', async (folder) => {
  const total = (calls: object) => Object.values(calls).reduce((sum, count) => sum + count, 0);
  const clean = await rehearse(await settingsOf(folder));
  const ideal = total(clean.report.calls);
  await clean.close();

  it.each([1, 2, 3])('finishes with three of ten calls refused, in at most twice the calls (seed %i)', async (seed) => {
    const next = numbers(seed);
    let refused = 0;
    let seen = 0;
    let storm = true;
    const rehearsal = await rehearse({
      ...(await settingsOf(folder)),
      hooks: {
        beforeRequest: () => {
          seen += 1;
          if (!storm || next() >= 0.3) return undefined;
          refused += 1;
          return { kind: 'throttle', when: 'before' };
        },
      },
    });
    try {
      expect(refused / seen).toBeGreaterThan(0.25);
      const ends = (units: typeof rehearsal.report.units) =>
        units.map(({ namespace, serviceAccount, status }) => [namespace, serviceAccount, status]);
      expect(ends(rehearsal.report.units)).toEqual(ends(clean.report.units));
      expect(rehearsal.report.run.status).toBe('migrated');
      expect(total(rehearsal.report.calls)).toBeLessThanOrEqual(2 * ideal);
      await checkPromises(rehearsal);
      storm = false;
      await checkSecondRun(rehearsal);
    } finally {
      await rehearsal.close();
    }
  });
});
