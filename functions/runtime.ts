import { randomBytes } from 'node:crypto';
import { Logger as PowertoolsLogger } from '@aws-lambda-powertools/logger';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { z } from 'zod';
import { createDynamoJournal } from '../src/journal/dynamo-journal.ts';
import type { JournalRuntime } from '../src/migration/runtime.ts';
import { PodshiftError } from '../src/model/errors.ts';
import { createIds } from '../src/model/ids.ts';
import { noCalls } from '../src/model/run.ts';
import { schemaProblems } from '../src/model/schema-problems.ts';

/** What a function reads of its environment; serverless.yml sets it. */
export const lambdaEnvironment = z.object({
  /** Name of the DynamoDB table of the journal. */
  JOURNAL_TABLE: z.string().min(1),
  LOG_LEVEL: z.enum(['DEBUG', 'INFO', 'WARN', 'ERROR']),
});

/** The runtime of any Lambda function. Throws `InvalidInput` naming the variable that is missing or wrong. */
export function createLambdaRuntime(environment: Record<string, string | undefined>): JournalRuntime {
  const parsed = lambdaEnvironment.safeParse(environment);
  if (!parsed.success) {
    throw new PodshiftError('InvalidInput', `the environment of this function is wrong: ${schemaProblems(parsed.error)}`);
  }
  const clock = { now: () => Date.now() };
  const client = DynamoDBDocumentClient.from(new DynamoDBClient({}), { marshallOptions: { removeUndefinedValues: true } });
  const logger = new PowertoolsLogger({ serviceName: 'podshift', logLevel: parsed.data.LOG_LEVEL });
  return {
    clock,
    ids: createIds(clock, randomBytes),
    journal: createDynamoJournal({ client, tableName: parsed.data.JOURNAL_TABLE, clock }),
    logger: {
      info: (message, fields) => logger.info(message, fields ?? {}),
      warn: (message, fields) => logger.warn(message, fields ?? {}),
      error: (message, fields) => logger.error(message, fields ?? {}),
    },
    takeCalls: noCalls,
  };
}
