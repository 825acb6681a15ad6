import type { Watching } from '../../src/service/watch-runs.ts';
import { createMetrics } from './metrics.ts';
import { createServiceRuntime } from './service.ts';

/** What the function that watches the runs works with. Throws `InvalidInput` naming the variable that is missing or wrong. */
export function createWatching(environment: Record<string, string | undefined>): Watching {
  const { clock, journal, logger, executions } = createServiceRuntime(environment);
  return { clock, journal, logger, executions, metrics: createMetrics(environment) };
}
