import { describe, expect, it } from 'vitest';
import { retiring, sitesOfRetirement } from './retire-scenario.ts';
import { cleanRun, HARMS, KUBE2IAM, runWithCrash, runWithHarm } from './scenario.ts';

/** One call site in so many; `npm run test:simulation` takes them all. */
const EVERY = 31;

describe.each([retiring(KUBE2IAM, 'kube2iam'), retiring('examples/press-kiam-4', 'kiam')])('a migration of $name', async (scene) => {
  const clean = await cleanRun(scene);
  const sites = sitesOfRetirement(clean);
  const writes = sites.filter((site) => clean.requests[clean.sites.indexOf(site)]?.write);

  it('ends without a fault', () => {
    expect(clean.run.failure).toBeNull();
    expect(clean.run.report.run.status).toBe('migrated');
    expect(writes.length).toBeGreaterThan(5);
  });

  it.each(
    sites.filter((_, index) => index % EVERY === 4).map((site, index) => ({ ...site, harm: HARMS[index % HARMS.length] ?? 'reset' })),
  )('ends the same with $harm: $key ($ordinal)', async ({ harm, ...site }) => {
    await runWithHarm(scene, clean, site, harm);
  });

  it.each(writes.filter((_, index) => index % 8 === 0))(
    'ends the same when the process dies after $key ($ordinal) was applied and the run is resumed',
    async (site) => {
      await runWithCrash(scene, clean, site, true, 'resume');
    },
  );

  it.each(writes.filter((_, index) => index % 8 === 1))(
    'is as it was before when the process dies after $key ($ordinal) was applied and the run is rolled back',
    async (site) => {
      await runWithCrash(scene, clean, site, true, 'roll back');
    },
  );
});
