import type { Watching } from '../../src/service/watch-runs.ts';
import { createLambdaRuntime } from './lambda.ts';
import { createMetrics } from './metrics.ts';

/** What the function that watches the runs works with. Throws `InvalidInput` naming the variable that is missing or wrong. */
export function createWatching(environment: Record<string, string | undefined>): Watching {
  const { clock, journal } = createLambdaRuntime(environment);
  return { clock, journal, metrics: createMetrics(environment) };
}
