import { randomBytes } from 'node:crypto';
import { Logger as PowertoolsLogger } from '@aws-lambda-powertools/logger';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { z } from 'zod';
import { type ConnectionSettings, createConnections } from '../src/aws/connections.ts';
import { createDynamoJournal } from '../src/journal/dynamo-journal.ts';
import type { Runtime } from '../src/migration/runtime.ts';
import { PodshiftError } from '../src/model/errors.ts';
import { createIds } from '../src/model/ids.ts';
import { schemaProblems } from '../src/model/schema-problems.ts';
import type { Executions } from '../src/service/executions.ts';

/** What a function reads of its environment; serverless.yml sets it. */
export const lambdaEnvironment = z.object({
  /** Name of the DynamoDB table of the journal. */
  JOURNAL_TABLE: z.string().min(1),
  LOG_LEVEL: z.enum(['DEBUG', 'INFO', 'WARN', 'ERROR']),
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
  const parsed = lambdaEnvironment.safeParse(environment);
  if (!parsed.success) {
    throw new PodshiftError('InvalidInput', `the environment of this function is wrong: ${schemaProblems(parsed.error)}`);
  }
  const clock = { now: () => Date.now() };
  const client = DynamoDBDocumentClient.from(new DynamoDBClient({}), { marshallOptions: { removeUndefinedValues: true } });
  const logger = new PowertoolsLogger({ serviceName: 'podshift', logLevel: parsed.data.LOG_LEVEL });
  let executions: Promise<Executions> | undefined;
  return {
    clock,
    ids: createIds(clock, randomBytes),
    journal: createDynamoJournal({ client, tableName: parsed.data.JOURNAL_TABLE, clock }),
    logger: {
      info: (message, fields) => logger.info(message, fields ?? {}),
      warn: (message, fields) => logger.warn(message, fields ?? {}),
      error: (message, fields) => logger.error(message, fields ?? {}),
    },
    ...connect({ clock, retryDelays: 'standard' }),
    executions: () => {
      executions ??= executionsOf(parsed.data);
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
