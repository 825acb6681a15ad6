import { z } from 'zod';
import { createConnections } from '../../src/aws/connections.ts';
import type { Runtime } from '../../src/migration/runtime.ts';
import { createLambdaRuntime, functionPrincipal, lambdaClock, memberExternalId, readEnvironment } from './lambda.ts';
import { throttleMetric } from './metrics.ts';
import { createLambdaPacer } from './pacing.ts';

/** What a function that reaches member accounts reads of its environment besides. */
export const memberEnvironment = z.object({
  /** Which role of a member account the function assumes; infra/function-roles.cjs sets it for those that change nothing. */
  MEMBER_ROLE: z.enum(['changing', 'reading']).default('changing'),
});

/** The runtime of a Lambda function that works in the account. Throws as `createLambdaRuntime` does. */
export function createAccountRuntime(environment: Record<string, string | undefined>): Runtime {
  const runtime = createLambdaRuntime(environment);
  const pacer = createLambdaPacer(environment, runtime.clock);
  const settings = {
    clock: runtime.clock,
    serverTime: lambdaClock,
    retryDelays: 'standard',
    memberRole: readEnvironment(memberEnvironment, environment).MEMBER_ROLE,
    externalId: memberExternalId(environment),
    ownPrincipal: async () => functionPrincipal(environment),
    pacer,
    ...throttleMetric(environment),
  } as const;
  return { ...runtime, ...createConnections(settings) };
}
