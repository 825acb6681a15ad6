import { createConnections } from '../src/aws/connections.ts';
import type { Runtime } from '../src/migration/runtime.ts';
import { createLambdaRuntime } from './runtime.ts';
import { throttleMetric } from './runtime-metrics.ts';

/** The runtime of a Lambda function that works in the account. Throws as `createLambdaRuntime` does. */
export function createAccountRuntime(environment: Record<string, string | undefined>): Runtime {
  const runtime = createLambdaRuntime(environment);
  return { ...runtime, ...createConnections({ clock: runtime.clock, retryDelays: 'standard', ...throttleMetric(environment) }) };
}
