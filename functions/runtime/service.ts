import { SFNClient } from '@aws-sdk/client-sfn';
import { z } from 'zod';
import { createExecutions } from '../../src/aws/executions.ts';
import { TIMEOUTS } from '../../src/aws/timeouts.ts';
import type { ServiceRuntime } from '../../src/migration/runtime.ts';
import type { Executions } from '../../src/service/executions.ts';
import { createLambdaRuntime } from './lambda.ts';

/** What a function that starts state machines reads of its environment besides: the ARNs of those that it starts or asks about. */
const serviceEnvironment = z.object({
  MIGRATE_CLUSTER_ARN: z.string().min(1).optional(),
  ROLLBACK_RUN_ARN: z.string().min(1).optional(),
});

/** The runtime of a Lambda function that starts or resumes state machines. Throws as `createLambdaRuntime` does. */
export function createServiceRuntime(environment: Record<string, string | undefined>): ServiceRuntime {
  let executions: Executions | undefined;
  return {
    ...createLambdaRuntime(environment),
    executions: async () => {
      executions ??= executionsOf(serviceEnvironment.parse(environment));
      return executions;
    },
  };
}

function executionsOf(environment: z.output<typeof serviceEnvironment>): Executions {
  return createExecutions({
    client: new SFNClient({ requestHandler: TIMEOUTS }),
    stateMachineArns: {
      'migrate-cluster': environment.MIGRATE_CLUSTER_ARN,
      'rollback-run': environment.ROLLBACK_RUN_ARN,
    },
  });
}
