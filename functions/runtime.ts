import { randomBytes } from 'node:crypto';
import { z } from 'zod';
import { type ConnectionSettings, createConnections } from '../src/aws/connections.ts';
import type { Runtime } from '../src/migration/runtime.ts';
import { createIds } from '../src/model/ids.ts';
import type { Executions } from '../src/service/executions.ts';
import { baseEnvironment, createLogger, createMetrics, openJournal, readEnvironment } from './runtime-parts.ts';

/** What a step's function reads of its environment. */
export const lambdaEnvironment = baseEnvironment.extend({
  /** ARNs of the state machines, for the functions that start them. */
  MIGRATE_CLUSTER_ARN: z.string().min(1).optional(),
  MIGRATE_FLEET_ARN: z.string().min(1).optional(),
  ROLLBACK_RUN_ARN: z.string().min(1).optional(),
});

/** The runtime of a Lambda function that works in the account alone. Throws `InvalidInput` naming the variable that is missing or wrong. */
export function createLambdaRuntime(environment: Record<string, string | undefined>): Runtime {
  return runtimeOf(environment, createConnections);
}

/** A runtime by the environment, which reaches what `connect` reaches. */
export function runtimeOf<Connections extends ReturnType<typeof createConnections>>(
  environment: Record<string, string | undefined>,
  connect: (settings: ConnectionSettings) => Connections,
): Omit<Runtime, keyof Connections> & Connections {
  const parsed = readEnvironment(lambdaEnvironment, environment);
  const clock = { now: () => Date.now() };
  const metrics = createMetrics(parsed);
  let executions: Promise<Executions> | undefined;
  return {
    clock,
    ids: createIds(clock, randomBytes),
    journal: openJournal(parsed, clock),
    logger: createLogger(parsed),
    ...connect({ clock, retryDelays: 'standard', onThrottle: (api) => metrics.add({ name: 'Throttles', value: 1, dimensions: { api } }) }),
    executions: () => {
      executions ??= executionsOf(parsed);
      return executions;
    },
  };
}

/** Imported on first use: most functions start nothing, and load no client for it. */
async function executionsOf(environment: z.output<typeof lambdaEnvironment>): Promise<Executions> {
  const [{ createExecutions }, { SFNClient }] = await Promise.all([import('../src/aws/executions.ts'), import('@aws-sdk/client-sfn')]);
  return createExecutions({
    client: new SFNClient({}),
    stateMachineArns: {
      'migrate-cluster': environment.MIGRATE_CLUSTER_ARN,
      'migrate-fleet': environment.MIGRATE_FLEET_ARN,
      'rollback-run': environment.ROLLBACK_RUN_ARN,
    },
  });
}
