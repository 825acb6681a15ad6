import { createConnections } from '../../src/aws/connections.ts';
import type { Runtime } from '../../src/migration/runtime.ts';
import { createLambdaRuntime, lambdaClock, memberExternalId } from './lambda.ts';
import { throttleMetric } from './metrics.ts';
import { createLambdaPacer } from './pacing.ts';

/** The runtime of a Lambda function that works in the account. Throws as `createLambdaRuntime` does. */
export function createAccountRuntime(environment: Record<string, string | undefined>): Runtime {
  const runtime = createLambdaRuntime(environment);
  const pacer = createLambdaPacer(environment, runtime.clock);
  const settings = {
    clock: runtime.clock,
    serverTime: lambdaClock,
    retryDelays: 'standard',
    externalId: memberExternalId(environment),
    pacer,
    ...throttleMetric(environment),
  } as const;
  return { ...runtime, ...createConnections(settings) };
}
