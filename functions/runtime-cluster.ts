import { createClusterConnections } from '../src/kubernetes/connections.ts';
import type { ClusterRuntime } from '../src/migration/runtime.ts';
import { runtimeOf } from './runtime.ts';

/** The runtime of a Lambda function that works in the cluster. Throws as `createLambdaRuntime` does. */
export function createClusterRuntime(environment: Record<string, string | undefined>): ClusterRuntime {
  return runtimeOf(environment, createClusterConnections);
}
