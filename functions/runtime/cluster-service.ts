import type { ClusterRuntime, ServiceRuntime } from '../../src/migration/runtime.ts';
import { createClusterRuntime } from './cluster.ts';
import { createServiceRuntime } from './service.ts';

/** The runtime of a Lambda function that works in the cluster and starts state machines. Throws as `createLambdaRuntime` does. */
export function createClusterServiceRuntime(environment: Record<string, string | undefined>): ClusterRuntime & ServiceRuntime {
  return { ...createClusterRuntime(environment), executions: createServiceRuntime(environment).executions };
}
