import { randomBytes } from 'node:crypto';
import { Logger as PowertoolsLogger } from '@aws-lambda-powertools/logger';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { fromNodeProviderChain, fromTemporaryCredentials } from '@aws-sdk/credential-providers';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { z } from 'zod';
import { createAwsGateways } from '../src/aws/aws-gateways.ts';
import type { AwsGateways } from '../src/aws/gateways.ts';
import { createDynamoJournal } from '../src/journal/dynamo-journal.ts';
import { createKubernetesGateway } from '../src/kubernetes/kubernetes-gateway.ts';
import type { Runtime } from '../src/migration/runtime.ts';
import type { Ids } from '../src/model/clock.ts';
import { PodshiftError } from '../src/model/errors.ts';
import { type CallCounts, type ClusterTarget, noCalls } from '../src/model/run.ts';
import { schemaProblems } from '../src/model/schema-problems.ts';

/** What a function reads of its environment; serverless.yml sets it. */
export const lambdaEnvironment = z.object({
  /** Name of the DynamoDB table of the journal. */
  JOURNAL_TABLE: z.string().min(1),
  LOG_LEVEL: z.enum(['DEBUG', 'INFO', 'WARN', 'ERROR']),
});

/** The runtime of a Lambda function. Throws `InvalidInput` naming the variable that is missing or wrong. */
export function createLambdaRuntime(environment: Record<string, string | undefined>): Runtime {
  const parsed = lambdaEnvironment.safeParse(environment);
  if (!parsed.success) {
    throw new PodshiftError('InvalidInput', `the environment of this function is wrong: ${schemaProblems(parsed.error)}`);
  }
  const clock = { now: () => Date.now() };
  const client = DynamoDBDocumentClient.from(new DynamoDBClient({}), { marshallOptions: { removeUndefinedValues: true } });
  const logger = new PowertoolsLogger({ serviceName: 'podshift', logLevel: parsed.data.LOG_LEVEL });
  let calls = noCalls();
  const onRequest = (service: keyof CallCounts): void => {
    calls[service] += 1;
  };
  const gateways = new Map<string, AwsGateways>();
  const aws = (target: ClusterTarget): AwsGateways => {
    const key = JSON.stringify(target);
    const known = gateways.get(key);
    if (known !== undefined) return known;
    const made = createAwsGateways({ target, credentials: credentialsOf(target), retryDelays: 'standard', onRequest });
    gateways.set(key, made);
    return made;
  };
  return {
    clock,
    ids: timeSortedIds(() => clock.now(), randomBytes),
    journal: createDynamoJournal({ client, tableName: parsed.data.JOURNAL_TABLE, clock }),
    logger: {
      info: (message, fields) => logger.info(message, fields ?? {}),
      warn: (message, fields) => logger.warn(message, fields ?? {}),
      error: (message, fields) => logger.error(message, fields ?? {}),
    },
    aws,
    kubernetes: async (target) =>
      createKubernetesGateway({
        cluster: await aws(target).eks.describeCluster(),
        clusterName: target.clusterName,
        region: target.region,
        credentials: credentialsOf(target),
        clock,
        onRequest: () => onRequest('kubernetes'),
      }),
    takeCalls: () => {
      const taken = calls;
      calls = noCalls();
      return taken;
    },
  };
}

function credentialsOf(target: ClusterTarget) {
  if (target.assumeRoleArn === null) return fromNodeProviderChain();
  return fromTemporaryCredentials({
    params: { RoleArn: target.assumeRoleArn, RoleSessionName: 'podshift' },
    clientConfig: { region: target.region },
  });
}

/** Ids whose first ten characters are the time in base 36, so that later ones sort after earlier ones. */
export function timeSortedIds(now: () => number, random: (bytes: number) => Uint8Array): Ids {
  return {
    next: () => {
      const tail = Array.from(random(16), (byte) => (byte % 36).toString(36)).join('');
      return now().toString(36).padStart(10, '0') + tail;
    },
  };
}
