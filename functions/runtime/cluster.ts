import { z } from 'zod';
import { createClusterConnections } from '../../src/kubernetes/connections.ts';
import type { ClusterRuntime } from '../../src/migration/runtime.ts';
import { memberEnvironment } from './account.ts';
import { createLambdaRuntime, functionPrincipal, lambdaClock, memberExternalId, readEnvironment } from './lambda.ts';
import { throttleMetric } from './metrics.ts';
import { createLambdaPacer } from './pacing.ts';

/** What a function that works in the cluster reads of its environment besides. */
const clusterEnvironment = z.object({
  /** ARN of the role that signs the tokens for clusters of this account; without it, the function's own role does. */
  CLUSTER_ACCESS_ROLE_ARN: z.string().min(1).optional(),
  ...memberEnvironment.shape,
});

/** The runtime of a Lambda function that works in the cluster. Throws as `createLambdaRuntime` does. */
export function createClusterRuntime(environment: Record<string, string | undefined>): ClusterRuntime {
  const runtime = createLambdaRuntime(environment);
  const { CLUSTER_ACCESS_ROLE_ARN: clusterAccessRoleArn, MEMBER_ROLE: memberRole } = readEnvironment(clusterEnvironment, environment);
  const pacer = createLambdaPacer(environment, runtime.clock);
  const settings = {
    clock: runtime.clock,
    serverTime: lambdaClock,
    retryDelays: 'standard',
    externalId: memberExternalId(environment),
    clusterAccessRoleArn,
    memberRole,
    ownPrincipal: async () => functionPrincipal(environment),
    pacer,
    ...throttleMetric(environment),
  } as const;
  return { ...runtime, ...createClusterConnections(settings) };
}
