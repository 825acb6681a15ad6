import { Logger as PowertoolsLogger } from '@aws-lambda-powertools/logger';
import { Metrics as PowertoolsMetrics } from '@aws-lambda-powertools/metrics';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { z } from 'zod';
import { createDynamoJournal } from '../src/journal/dynamo-journal.ts';
import type { Journal } from '../src/journal/journal.ts';
import type { Logger } from '../src/migration/runtime.ts';
import type { Clock } from '../src/model/clock.ts';
import { PodshiftError } from '../src/model/errors.ts';
import { METRIC_NAMESPACE, METRICS, type Metrics } from '../src/model/metrics.ts';
import { schemaProblems } from '../src/model/schema-problems.ts';
import { contextual } from '../src/service/log-context.ts';

/** What every function reads of its environment; serverless.yml sets it. */
export const baseEnvironment = z.object({
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

type Base = z.output<typeof baseEnvironment>;

/** The journal of the service. */
export function openJournal({ JOURNAL_TABLE }: Base, clock: Clock): Journal {
  const client = DynamoDBDocumentClient.from(new DynamoDBClient({}), { marshallOptions: { removeUndefinedValues: true } });
  return createDynamoJournal({ client, tableName: JOURNAL_TABLE, clock });
}

/** Structured log lines, each with the ids of its invocation and its X-Ray trace. */
export function createLogger({ LOG_LEVEL, POWERTOOLS_SERVICE_NAME }: Base): Logger {
  const logger = new PowertoolsLogger({ serviceName: POWERTOOLS_SERVICE_NAME, logLevel: LOG_LEVEL });
  return contextual({
    info: (message, fields) => logger.info(message, fields ?? {}),
    warn: (message, fields) => logger.warn(message, fields ?? {}),
    error: (message, fields) => logger.error(message, fields ?? {}),
  });
}

/** Data points as lines of the embedded metric format, one each. */
export function createMetrics({ POWERTOOLS_SERVICE_NAME }: Base): Metrics {
  const metrics = new PowertoolsMetrics({
    namespace: METRIC_NAMESPACE,
    serviceName: POWERTOOLS_SERVICE_NAME,
    defaultDimensions: { service: POWERTOOLS_SERVICE_NAME },
  });
  return {
    add: ({ name, value, dimensions }) => {
      const single = metrics.singleMetric();
      for (const [dimension, text] of Object.entries(dimensions)) single.addDimension(dimension, text);
      single.addMetric(name, METRICS[name].unit, value);
    },
  };
}
