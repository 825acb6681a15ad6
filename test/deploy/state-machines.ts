import {
  CreateStateMachineCommand,
  DeleteStateMachineCommand,
  DescribeStateMachineCommand,
  ListStateMachinesCommand,
  SFNClient,
  UpdateStateMachineCommand,
} from '@aws-sdk/client-sfn';
import { CREDENTIALS, REGION } from './place.ts';

/**
 * moto has two Step Functions, one that keeps state machines and one that executes them, and its CloudFormation makes them in the
 * first alone. Makes, changes and deletes in the second what is in the first. Executions go on with what they began with.
 */
export async function takeUpStateMachines(endpoint: string): Promise<void> {
  const client = new SFNClient({ endpoint, region: REGION, credentials: CREDENTIALS });
  const execute = async (isExecuting: boolean): Promise<void> => {
    const body = JSON.stringify({ stepfunctions: { execute_state_machine: isExecuting } });
    const answer = await fetch(`${endpoint}/moto-api/config`, { method: 'POST', body });
    if (!answer.ok) throw new Error(`moto takes no configuration: ${answer.status}`);
  };
  const list = async () => {
    const { stateMachines = [] } = await client.send(new ListStateMachinesCommand({}));
    return Promise.all(
      stateMachines.map(({ stateMachineArn }) => client.send(new DescribeStateMachineCommand({ stateMachineArn: stateMachineArn ?? '' }))),
    );
  };
  await execute(false);
  const kept = await list().finally(() => execute(true));
  const executed = new Set((await list()).map(({ stateMachineArn = '' }) => stateMachineArn));
  for (const { stateMachineArn = '', name = '', definition = '', roleArn = '' } of kept) {
    if (executed.delete(stateMachineArn)) await client.send(new UpdateStateMachineCommand({ stateMachineArn, definition, roleArn }));
    else await client.send(new CreateStateMachineCommand({ name, definition, roleArn }));
  }
  for (const stateMachineArn of executed) await client.send(new DeleteStateMachineCommand({ stateMachineArn }));
  client.destroy();
}
