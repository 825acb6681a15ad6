import { randomBytes } from 'node:crypto';
import { Logger as PowertoolsLogger } from '@aws-lambda-powertools/logger';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { z } from 'zod';
import { TIMEOUTS } from '../../src/aws/timeouts.ts';
import { openDynamoTable } from '../../src/journal/dynamo-table.ts';
import type { Table } from '../../src/journal/table.ts';
import { createTableJournal } from '../../src/journal/table-journal.ts';
import type { JournalRuntime, Logger } from '../../src/migration/runtime.ts';
import { PodshiftError } from '../../src/model/errors.ts';
import { createIds } from '../../src/model/ids.ts';
import { schemaProblems } from '../../src/model/schema-problems.ts';
import { contextual } from '../../src/service/log-context.ts';

/** What a function reads of its environment; serverless.yml sets it. */
export const lambdaEnvironment = z.object({
  /** Name of the DynamoDB table of the journal. */
  JOURNAL_TABLE: z.string().min(1),
  LOG_LEVEL: z.enum(['DEBUG', 'INFO', 'WARN', 'ERROR']),
  /** What log lines and metrics name as their service, such as `podshift-prod`. */
  POWERTOOLS_SERVICE_NAME: z.string().min(1).default('podshift'),
});

/** The environment as `schema` has it. Throws `InvalidInput` naming the variable that is missing or wrong. */
export function readEnvironment<Schema extends z.ZodType>(
  schema: Schema,
  environment: Record<string, string | undefined>,
): z.output<Schema> {
  const parsed = schema.safeParse(environment);
  if (parsed.success) return parsed.data;
  throw new PodshiftError('InvalidInput', `the environment of this function is wrong: ${schemaProblems(parsed.error)}`);
}

/** The runtime of any Lambda function. Throws `InvalidInput` naming the variable that is missing or wrong. */
export function createLambdaRuntime(environment: Record<string, string | undefined>): JournalRuntime {
  const parsed = readEnvironment(lambdaEnvironment, environment);
  const clock = { now: () => Date.now() };
  return {
    clock,
    ids: createIds(clock, randomBytes),
    journal: createTableJournal(journalTable(environment), clock),
    logger: createLogger(parsed),
  };
}

/** The journal's table. Throws `InvalidInput` naming the variable that is missing or wrong. */
export function journalTable(environment: Record<string, string | undefined>): Table {
  client ??= DynamoDBDocumentClient.from(new DynamoDBClient({ requestHandler: TIMEOUTS }), {
    marshallOptions: { removeUndefinedValues: true },
  });
  return openDynamoTable(client, readEnvironment(lambdaEnvironment, environment).JOURNAL_TABLE);
}

let client: DynamoDBDocumentClient | undefined;

/** Structured log lines, each with the ids of its invocation and its X-Ray trace. */
export function createLogger({
  LOG_LEVEL,
  POWERTOOLS_SERVICE_NAME,
}: Pick<z.output<typeof lambdaEnvironment>, 'LOG_LEVEL' | 'POWERTOOLS_SERVICE_NAME'>): Logger {
  const logger = new PowertoolsLogger({ serviceName: POWERTOOLS_SERVICE_NAME, logLevel: LOG_LEVEL });
  return contextual({
    info: (message, fields) => logger.info(message, fields ?? {}),
    warn: (message, fields) => logger.warn(message, fields ?? {}),
    error: (message, fields) => logger.error(message, fields ?? {}),
  });
}
