import { it } from 'vitest';
import { cleanRun, HARMS, type Recovery, runWithCrash, runWithHarm } from './scenario.ts';

const RECOVERIES: readonly Recovery[] = ['resume', 'roll back'];

/** The whole sweep over one snapshot: every call site, every way of losing it, every write at which the process can die. */
export async function sweep(folder: string): Promise<void> {
  const clean = await cleanRun(folder);

  // Each call site once with its request lost, the ways of losing it taking turns, and once with its reply lost.
  it.each(
    clean.sites.flatMap((site, index) => [
      { ...site, harm: HARMS[index % (HARMS.length - 1)] ?? 'reset' },
      { ...site, harm: 'reply lost' as const },
    ]),
  )('ends the same with $harm: $key ($ordinal)', async ({ harm, ...site }) => {
    await runWithHarm(folder, clean, site, harm);
  });

  // The process dies at each write, before or after it was applied, and the run is resumed or rolled back.
  it.each(
    clean.requests.flatMap((request, index) =>
      request.write
        ? [true, false].flatMap((applied) =>
            RECOVERIES.map((recovery) => ({ number: index + 1, key: clean.sites[index]?.key, applied, recovery })),
          )
        : [],
    ),
  )('survives that the process dies at request $number ($key; applied: $applied): $recovery', async ({ number, applied, recovery }) => {
    await runWithCrash(folder, clean, number, applied, recovery);
  });
}
