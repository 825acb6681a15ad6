import { it } from 'vitest';
import { type CleanRun, cleanRun, HARMS, type Recovery, runWithCrash, runWithHarm, type Scene, type Site } from './scenario.ts';

const RECOVERIES: readonly Recovery[] = ['resume', 'roll back'];

/** The whole sweep over one scene: every call site, every way of losing it, every write at which the process can die. */
export async function sweep(scene: Scene, chosen: (clean: CleanRun) => readonly Site[] = ({ sites }) => sites): Promise<void> {
  const clean = await cleanRun(scene);
  const sites = chosen(clean);

  // Each call site once with its request lost, the ways of losing it taking turns, and once with its reply lost.
  it.each(
    sites.flatMap((site, index) => [
      { ...site, harm: HARMS[index % (HARMS.length - 1)] ?? 'reset' },
      { ...site, harm: 'reply lost' as const },
    ]),
  )('ends the same with $harm: $key ($ordinal)', async ({ harm, ...site }) => {
    await runWithHarm(scene, clean, site, harm);
  });

  // The process dies at each write, before or after it was applied, and the run is resumed or rolled back.
  it.each(
    sites
      .filter((site) => clean.requests[clean.sites.indexOf(site)]?.write)
      .flatMap((site) => [true, false].flatMap((applied) => RECOVERIES.map((recovery) => ({ ...site, applied, recovery })))),
  )('survives that the process dies at $key ($ordinal; applied: $applied): $recovery', async ({ applied, recovery, ...site }) => {
    await runWithCrash(scene, clean, site, applied, recovery);
  });
}
