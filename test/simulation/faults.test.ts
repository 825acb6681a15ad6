import { describe, expect, it } from 'vitest';
import { cleanRun, HARMS, runWithCrash, runWithHarm, SNAPSHOTS } from './scenario.ts';

/** One call site in so many; `npm run test:simulation` takes them all. */
const EVERY = 13;

describe.each(SNAPSHOTS)('a migration of %s', async (folder) => {
  const clean = await cleanRun(folder);
  const writes = clean.requests.flatMap((request, index) => (request.write ? [index] : []));
  const sampled = clean.sites.filter((_, index) => index % EVERY === 5);

  it('is migrated or held, unit by unit, without a fault', () => {
    expect(clean.run.failure).toBeNull();
    expect(clean.run.report.run.status).toBe('migrated');
    expect(clean.run.report.units.filter((unit) => unit.status === 'migrated').length).toBeGreaterThan(5);
    expect(writes.length).toBeGreaterThan(20);
  });

  it.each(sampled.map((site, index) => ({ ...site, harm: HARMS[index % HARMS.length] ?? 'reset' })))(
    'ends the same with $harm: $key ($ordinal)',
    async ({ harm, ...site }) => {
      await runWithHarm(folder, clean, site, harm);
    },
  );

  it.each(writes.filter((_, index) => index % EVERY === 3).map((index) => ({ number: index + 1, key: clean.sites[index]?.key })))(
    'ends the same when the process dies after request $number ($key) was applied and the run is resumed',
    async ({ number }) => {
      await runWithCrash(folder, clean, number, true, 'resume');
    },
  );

  it.each(writes.filter((_, index) => index % EVERY === 9).map((index) => ({ number: index + 1, key: clean.sites[index]?.key })))(
    'is as it was before when the process dies after request $number ($key) was applied and the run is rolled back',
    async ({ number }) => {
      await runWithCrash(folder, clean, number, true, 'roll back');
    },
  );
});
