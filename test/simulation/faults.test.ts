import { describe, expect, it } from 'vitest';
import { cleanRun, HARMS, runWithCrash, runWithHarm, SNAPSHOTS } from './scenario.ts';

/** One call site in so many; `npm run test:simulation` takes them all. */
const EVERY = 83;

describe.each(SNAPSHOTS)('a migration of %s', async (folder) => {
  const clean = await cleanRun(folder);
  const writes = clean.sites.filter((_, index) => clean.requests[index]?.write);
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

  it.each(writes.filter((_, index) => index % EVERY === 3))(
    'ends the same when the process dies after $key ($ordinal) was applied and the run is resumed',
    async (site) => {
      await runWithCrash(folder, clean, site, true, 'resume');
    },
  );

  it.each(writes.filter((_, index) => index % EVERY === 9))(
    'is as it was before when the process dies after $key ($ordinal) was applied and the run is rolled back',
    async (site) => {
      await runWithCrash(folder, clean, site, true, 'roll back');
    },
  );

  // A pod that was injected but has not started yet must not lose the association that it is about to use.
  it.each(writes.filter(({ key }) => /^kubernetes patch (deployments|daemonsets|statefulsets)/.test(key)).slice(0, 3))(
    'leaves no starting pod without credentials when the process dies in the middle of a roll-out, after $key, and the run is rolled back',
    async (site) => {
      await runWithCrash(folder, clean, site, true, 'roll back');
    },
  );
});
