import { createClusterConnections } from '../src/kubernetes/connections.ts';
import type { ClusterRuntime } from '../src/migration/runtime.ts';
import { createLambdaRuntime } from './runtime.ts';
import { throttleMetric } from './runtime-metrics.ts';

/** The runtime of a Lambda function that works in the cluster. Throws as `createLambdaRuntime` does. */
export function createClusterRuntime(environment: Record<string, string | undefined>): ClusterRuntime {
  const runtime = createLambdaRuntime(environment);
  return { ...runtime, ...createClusterConnections({ clock: runtime.clock, retryDelays: 'standard', ...throttleMetric(environment) }) };
}
