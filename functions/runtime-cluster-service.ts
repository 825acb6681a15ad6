import { createClusterConnections } from '../src/kubernetes/connections.ts';
import type { ClusterRuntime, ServiceRuntime } from '../src/migration/runtime.ts';
import { createLambdaPacer } from './runtime-pacing.ts';
import { createServiceRuntime } from './runtime-service.ts';

/** The runtime of a Lambda function that works in the cluster and starts state machines. Throws as `createLambdaRuntime` does. */
export function createClusterServiceRuntime(environment: Record<string, string | undefined>): ClusterRuntime & ServiceRuntime {
  const runtime = createServiceRuntime(environment);
  const pacer = createLambdaPacer(environment, runtime.clock);
  return { ...runtime, ...createClusterConnections({ clock: runtime.clock, retryDelays: 'standard', pacer }) };
}
