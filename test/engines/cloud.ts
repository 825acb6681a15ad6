import { CreateTableCommand, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { CreateStateMachineCommand, DescribeExecutionCommand, SFNClient } from '@aws-sdk/client-sfn';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import type { Machine } from '../../engine/asl.ts';
import type { Service } from '../../engine/service.ts';
import { createExecutions } from '../../src/aws/executions.ts';
import { createDynamoJournal } from '../../src/journal/dynamo-journal.ts';
import type { Journal } from '../../src/journal/journal.ts';
import type { Executions, StateMachineName } from '../../src/service/executions.ts';
import { type Moto, startMoto } from '../python/moto.ts';
import { TABLE } from '../support/dynalite-journal.ts';
import { ACCOUNT } from '../support/twin-account.ts';
import type { Invoke } from './lambda.ts';
import { type LambdaApi, startLambdaApi } from './lambda-api.ts';
import type { StatusChange } from './rule.ts';

export const REGION = 'us-east-1';
export const CREDENTIALS = { accessKeyId: 'AKIAIOSFODNN7EXAMPLE', secretAccessKey: 'example' };

/** The state machines that a stack can have. */
export const MACHINES = ['migrate-cluster', 'migrate-fleet', 'scan-cluster', 'rollback-run'] as const satisfies readonly StateMachineName[];

/** The ARN of a state machine of a stack. */
export function stateMachineArn(stack: string, machine: StateMachineName): string {
  return `arn:aws:states:${REGION}:${ACCOUNT}:stateMachine:${stack}-${machine}`;
}

/** An account of moto whose Step Functions carries executions out, with functions that this process serves. */
export interface Cloud {
  readonly endpoint: string;
  readonly stepFunctions: SFNClient;
  deploy(stack: Stack): Promise<Deployed>;
  close(): Promise<void>;
}

/** What is deployed under a name of its own, so that many can be in one account. */
export interface Stack {
  readonly name: string;
  readonly service: Service;
  /** Which of its state machines are needed. */
  readonly machines: readonly StateMachineName[];
  /** The name in Lambda of a function, by its logical ID. */
  readonly functionName: (id: string) => string;
  readonly invoke: Invoke;
}

/** A deployed stack. */
export interface Deployed {
  readonly executions: Executions;
  /** How an execution has ended, as Step Functions tells EventBridge. */
  change(machine: StateMachineName, name: string): Promise<StatusChange>;
}

/** Starts moto from a folder of programs, with execution switched on. */
export async function startCloud(bin: string): Promise<Cloud> {
  let moto: Moto | undefined;
  const api: LambdaApi = await startLambdaApi(() => moto?.endpoint ?? '');
  moto = await startMoto(bin, { executions: { taskPort: api.port } });
  const { endpoint, close } = moto;
  const stepFunctions = new SFNClient({ endpoint, region: REGION, credentials: CREDENTIALS });
  return {
    endpoint,
    stepFunctions,
    deploy: async ({ name, service, machines, functionName, invoke }) => {
      api.serve(name, invoke);
      const arnOf = (id: string): string => `arn:aws:lambda:${REGION}:${ACCOUNT}:function:${name}--${functionName(id)}`;
      for (const machine of machines) {
        const definition = definitionOf(await service.stateMachine(machine), arnOf);
        const roleArn = `arn:aws:iam::${ACCOUNT}:role/podshift`;
        await stepFunctions.send(new CreateStateMachineCommand({ name: `${name}-${machine}`, definition, roleArn }));
      }
      const stateMachineArns = Object.fromEntries(MACHINES.map((machine) => [machine, stateMachineArn(name, machine)]));
      return {
        executions: createExecutions({ client: stepFunctions, stateMachineArns }),
        change: async (machine, execution) => {
          const executionArn = `${stateMachineArn(name, machine).replace(':stateMachine:', ':execution:')}:${execution}`;
          const { status = '', input = '', error = null } = await stepFunctions.send(new DescribeExecutionCommand({ executionArn }));
          return { executionArn, name: execution, status, input, error };
        },
      };
    },
    close: async () => {
      stepFunctions.destroy();
      await api.close();
      await close();
    },
  };
}

/** The definition as CloudFormation would hand it over: each reference to a function is its ARN. */
function definitionOf(machine: Machine, arnOf: (id: string) => string): string {
  return JSON.stringify(machine, (_key, value: unknown) => {
    const reference = typeof value === 'object' && value !== null ? (value as Record<string, unknown>)['Fn::GetAtt'] : undefined;
    return Array.isArray(reference) ? arnOf(String(reference[0])) : value;
  });
}

/** A journal in a table of its own in the account. */
export async function createCloudJournal(cloud: Cloud, tableName: string): Promise<{ journal: Journal; close(): void }> {
  const sdk = new DynamoDBClient({ endpoint: cloud.endpoint, region: REGION, credentials: CREDENTIALS });
  await sdk.send(new CreateTableCommand({ ...TABLE, TableName: tableName }));
  const clock = { now: () => Date.now() };
  return {
    journal: createDynamoJournal({ client: DynamoDBDocumentClient.from(sdk), tableName, clock }),
    close: () => sdk.destroy(),
  };
}
