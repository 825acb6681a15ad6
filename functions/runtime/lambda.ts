import { randomBytes } from 'node:crypto';
import { Logger as PowertoolsLogger } from '@aws-lambda-powertools/logger';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { z } from 'zod';
import { serverTimeListener } from '../../src/aws/server-time.ts';
import { sessionArn } from '../../src/aws/session-arn.ts';
import { TIMEOUTS } from '../../src/aws/timeouts.ts';
import { openDynamoTable } from '../../src/journal/dynamo-table.ts';
import type { Table } from '../../src/journal/table.ts';
import { createTableJournal } from '../../src/journal/table-journal.ts';
import type { JournalRuntime, Logger } from '../../src/migration/runtime.ts';
import { APPROVAL_MODES, type DeploymentLimits, deploymentLimits, NOTHING_ALLOWED } from '../../src/model/deployment.ts';
import { PodshiftError } from '../../src/model/errors.ts';
import { createIds } from '../../src/model/ids.ts';
import { createServerClock, type ServerClock } from '../../src/model/server-clock.ts';
import { schemaProblems } from '../../src/model/text/schema-problems.ts';
import { contextual } from '../../src/service/log-context.ts';

/** What a function reads of its environment; serverless.yml sets it. */
export const lambdaEnvironment = z.object({
  /** Name of the DynamoDB table of the journal. */
  JOURNAL_TABLE: z.string().min(1),
  LOG_LEVEL: z.enum(['DEBUG', 'INFO', 'WARN', 'ERROR']),
  /** What log lines and metrics name as their service, such as `podshift-prod`. */
  POWERTOOLS_SERVICE_NAME: z.string().min(1).default('podshift'),
  /** Whose approval runs need; the strictest where a deployment does not say. */
  APPROVAL_MODE: z.enum(APPROVAL_MODES).default('required-by-another'),
  /** Version and commit that the stack was deployed of. */
  PODSHIFT_VERSION: z.string().min(1).optional(),
  /** What callers may ask for, as JSON; nothing where a deployment does not say. */
  LIMITS: z
    .string()
    .transform((text, context) => limitsOf(text, context))
    .default(NOTHING_ALLOWED),
});

function limitsOf(text: string, context: z.RefinementCtx): DeploymentLimits {
  try {
    return deploymentLimits.parse(JSON.parse(text));
  } catch {
    context.addIssue({ code: 'custom', message: 'no limits of a deployment as JSON' });
    return z.NEVER;
  }
}

/** The environment as `schema` has it. Throws `InvalidInput` naming the variable that is missing or wrong. */
export function readEnvironment<Schema extends z.ZodType>(
  schema: Schema,
  environment: Record<string, string | undefined>,
): z.output<Schema> {
  const parsed = schema.safeParse(environment);
  if (parsed.success) return parsed.data;
  throw new PodshiftError('InvalidInput', `the environment of this function is wrong: ${schemaProblems(parsed.error)}`);
}

/**
 * The clock of all that this environment runs: functions go by what others of them wrote, and by what services stamped. The journal
 * is the first that each of them asks.
 */
export const lambdaClock: ServerClock = createServerClock({ now: () => Date.now() });

/** The runtime of any Lambda function. Throws `InvalidInput` naming the variable that is missing or wrong. */
export function createLambdaRuntime(environment: Record<string, string | undefined>): JournalRuntime {
  const parsed = readEnvironment(lambdaEnvironment, environment);
  const clock = lambdaClock;
  return {
    clock,
    ids: createIds(clock, randomBytes),
    journal: createTableJournal(journalTable(environment), clock),
    logger: createLogger(parsed),
    podshift: parsed.PODSHIFT_VERSION,
    deployment: { approvalMode: parsed.APPROVAL_MODE, limits: parsed.LIMITS },
  };
}

/** The journal's table. Throws `InvalidInput` naming the variable that is missing or wrong. */
export function journalTable(environment: Record<string, string | undefined>): Table {
  client ??= DynamoDBDocumentClient.from(listening(new DynamoDBClient({ requestHandler: TIMEOUTS })), {
    marshallOptions: { removeUndefinedValues: true },
  });
  return openDynamoTable(client, readEnvironment(lambdaEnvironment, environment).JOURNAL_TABLE);
}

function listening(database: DynamoDBClient): DynamoDBClient {
  database.middlewareStack.use(serverTimeListener(lambdaClock));
  return database;
}

/**
 * ARN of the session that this function's own requests are signed with: Lambda names it by the function (Lambda developer guide, "Execution
 * role"). Null for a function that changes nothing.
 */
export function functionPrincipal(environment: Record<string, string | undefined>): string | null {
  const { FUNCTION_ROLE_ARN: role, AWS_LAMBDA_FUNCTION_NAME: name } = environment;
  return role === undefined || name === undefined ? null : sessionArn(role, name);
}

/** The external id that roles of member accounts ask for; undefined where they ask for none. It is in no log line and no error. */
export function memberExternalId(environment: Record<string, string | undefined>): string | undefined {
  return environment.MEMBER_EXTERNAL_ID || undefined;
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
