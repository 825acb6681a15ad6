import { DescribeTableCommand, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { EventBridgeClient, ListRulesCommand, ListTargetsByRuleCommand } from '@aws-sdk/client-eventbridge';
import { DescribeExecutionCommand, type DescribeExecutionCommandOutput, SFNClient, StartExecutionCommand } from '@aws-sdk/client-sfn';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import type { z } from 'zod';
import { createDynamoJournal } from '../../src/journal/dynamo-journal.ts';
import type { Journal } from '../../src/journal/journal.ts';
import type { migrationOptions } from '../../src/model/options.ts';
import type { Invoke } from '../engines/lambda.ts';
import { event, type Request } from '../unit/fixtures/api-requests.ts';
import type { Account } from './account.ts';
import { ACCOUNT, CREDENTIALS, REGION } from './place.ts';

/** The deployed service of a stage, as its users and EventBridge see it. */
export interface Stack {
  readonly journal: Journal;
  /** Starts a run by the function behind `POST /runs`, approves its plan by the one behind `POST /runs/{runId}/approval`, and answers with its id. */
  startRun(key: string, clusterName: string, options: z.input<typeof migrationOptions>): Promise<string>;
  /** Plans by the API, and answers with the run's id once its execution has ended. */
  plan(key: string, clusterName: string): Promise<string>;
  /** The stream of the journal's table. */
  streamArn(): Promise<string>;
  /** Asks a function of the API, as API Gateway does. */
  call(key: string, request: Request): Promise<{ readonly status: number; readonly body: Readonly<Record<string, unknown>> }>;
  /** Waits for the end of an execution by its ARN. */
  ended(executionArn: string): Promise<DescribeExecutionCommandOutput>;
  /** The execution of a run. */
  executionOf(runId: string): string;
  /** Does what EventBridge does with the event of an ended execution; answers with the ARNs of what its rules started. */
  tell(execution: DescribeExecutionCommandOutput): Promise<string[]>;
  close(): void;
}

const STAGE = 'prod';
const LOOK = 250;

/** The stack of an account, whose functions `invoke` runs. */
export function openStack({ endpoint, starts }: Pick<Account, 'endpoint' | 'starts'>, invoke: Invoke): Stack {
  const settings = { endpoint, region: REGION, credentials: CREDENTIALS };
  const [stepFunctions, events, table] = [
    new SFNClient({ ...settings, endpoint: starts }),
    new EventBridgeClient(settings),
    new DynamoDBClient(settings),
  ];
  const journal = createDynamoJournal({
    client: DynamoDBDocumentClient.from(table),
    tableName: `podshift-journal-${STAGE}`,
    clock: { now: () => Date.now() },
  });
  const executionOf = (runId: string): string => `arn:aws:states:${REGION}:${ACCOUNT}:execution:podshift-migrate-cluster-${STAGE}:${runId}`;
  const call: Stack['call'] = async (key, request) => {
    const { payload, failed } = await invoke(`podshift-${STAGE}-${key}`, JSON.stringify(event(request)));
    if (failed) throw new Error(`${key}: ${payload}`);
    const { statusCode, body } = JSON.parse(payload) as { statusCode: number; body: string };
    return { status: statusCode, body: JSON.parse(body) };
  };
  const ended: Stack['ended'] = async (executionArn) => {
    for (;;) {
      const execution = await stepFunctions.send(new DescribeExecutionCommand({ executionArn }));
      if (execution.status !== 'RUNNING') return execution;
      await pause();
    }
  };
  return {
    journal,
    call,
    ended,
    executionOf,
    startRun: async (key, clusterName, options) => {
      const body = { target: { clusterName, region: REGION }, mode: 'run', options };
      const started = await call('apiStartRun', { headers: { 'idempotency-key': key }, body });
      if (started.status !== 202) throw new Error(JSON.stringify(started));
      const runId = String(started.body.id);
      for (;;) {
        const { approval, digest } = await journal.getRun(runId);
        const { status, error, cause } = await stepFunctions.send(new DescribeExecutionCommand({ executionArn: executionOf(runId) }));
        if (status !== 'RUNNING') throw new Error(`run ${runId} is ${status}: ${error}: ${cause?.slice(0, 200)}`);
        if (approval?.status === 'waiting') {
          const answered = await call('apiAnswerApproval', { path: { runId }, body: { decision: 'approve', digest } });
          if (answered.status !== 202) throw new Error(JSON.stringify(answered));
          return runId;
        }
        await pause();
      }
    },
    plan: async (key, clusterName) => {
      const body = { target: { clusterName, region: REGION }, mode: 'plan', options: {} };
      const runId = String((await call('apiStartRun', { headers: { 'idempotency-key': key }, body })).body.id);
      await ended(executionOf(runId));
      return runId;
    },
    streamArn: async () => {
      const { Table } = await table.send(new DescribeTableCommand({ TableName: `podshift-journal-${STAGE}` }));
      return Table?.LatestStreamArn ?? '';
    },
    tell: async (execution) => {
      const detail = detailOf(execution);
      const { Rules = [] } = await events.send(new ListRulesCommand({}));
      const started: string[] = [];
      for (const { Name = '', EventPattern = '' } of Rules) {
        if (EventPattern === '' || !wants(JSON.parse(EventPattern), detail)) continue;
        const { Targets = [] } = await events.send(new ListTargetsByRuleCommand({ Rule: Name }));
        for (const { Arn = '', InputPath } of Targets) {
          if (InputPath !== '$.detail') throw new Error(`the rule ${Name} hands on ${InputPath}, which is not looked at here`);
          const input = JSON.stringify(detail.detail);
          const { executionArn } = await stepFunctions.send(
            new StartExecutionCommand({ stateMachineArn: Arn, name: `rule-${detail.detail.name}`, input }),
          );
          started.push(executionArn ?? '');
        }
      }
      return started;
    },
    close: () => {
      for (const client of [stepFunctions, events, table]) client.destroy();
    },
  };
}

/**
 * Step Functions' event of an execution that has ended (Step Functions Developer Guide, "Step Functions Execution Status Change"): the
 * ARN of the state machine has no version, and the version and the alias are told beside it.
 */
function detailOf(execution: DescribeExecutionCommandOutput) {
  const { executionArn, stateMachineArn = '', name, status, input, error = null, cause = null } = execution;
  return {
    source: 'aws.states',
    'detail-type': 'Step Functions Execution Status Change',
    detail: { executionArn, stateMachineArn: stateMachineArn.split(':').slice(0, 7).join(':'), name, status, input, error, cause },
  } as const;
}

/** Whether an event is one that a pattern of lists of texts names (EventBridge User Guide, "Event patterns"). */
function wants(pattern: object, event: object): boolean {
  return Object.entries(pattern).every(([key, wanted]: [string, unknown]) => {
    const value = (event as Readonly<Record<string, unknown>>)[key];
    if (Array.isArray(wanted)) return wanted.includes(value);
    return typeof value === 'object' && value !== null && wants(wanted as object, value);
  });
}

function pause(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, LOOK));
}
