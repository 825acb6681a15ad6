import type { Watching } from '../src/service/watch-runs.ts';
import { baseEnvironment, createMetrics, openJournal, readEnvironment } from './runtime-parts.ts';

/** What the function that watches the runs works with. Throws `InvalidInput` naming the variable that is missing or wrong. */
export function createWatching(environment: Record<string, string | undefined>): Watching {
  const parsed = readEnvironment(baseEnvironment, environment);
  const clock = { now: () => Date.now() };
  return { clock, journal: openJournal(parsed, clock), metrics: createMetrics(parsed) };
}
