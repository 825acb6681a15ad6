import {
  DescribeExecutionCommand,
  SendTaskFailureCommand,
  SendTaskSuccessCommand,
  type SFNClient,
  StartExecutionCommand,
  StopExecutionCommand,
} from '@aws-sdk/client-sfn';
import { PodshiftError } from '../model/errors.ts';
import type { ExecutionStatus, Executions, StateMachineName } from '../service/executions.ts';
import { awsCall, awsLookup } from './errors.ts';

/** What the gateway to Step Functions is made of. */
export interface ExecutionsSettings {
  readonly client: SFNClient;
  /** ARNs, with an alias or without. A machine without an ARN is one that this function neither starts nor asks about: `InternalError`. */
  readonly stateMachineArns: Readonly<Partial<Record<StateMachineName, string | undefined>>>;
}

/** Step Functions' limits of `cause` and `error`, in characters (API reference: SendTaskFailure). */
const CAUSE_LENGTH = 32_768;

/** The gateway to Step Functions over its SDK client. */
export function createExecutions({ client, stateMachineArns }: ExecutionsSettings): Executions {
  const arnOf = (stateMachine: StateMachineName): string => {
    const arn = stateMachineArns[stateMachine];
    if (arn === undefined)
      throw new PodshiftError('InternalError', `the environment of this function does not say the ARN of ${stateMachine}`);
    return arn;
  };
  return {
    start: async (stateMachine, name, input) => {
      const command = new StartExecutionCommand({ stateMachineArn: arnOf(stateMachine), name, input: JSON.stringify(input) });
      const answer = await awsCall({ service: 'states', operation: 'StartExecution' }, () => client.send(command));
      return { executionArn: answer.executionArn ?? executionArn(arnOf(stateMachine), name) };
    },
    status: async (stateMachine, name) => {
      const command = new DescribeExecutionCommand({
        executionArn: executionArn(arnOf(stateMachine), name),
        includedData: 'METADATA_ONLY',
      });
      const answer = await awsLookup({ service: 'states', operation: 'DescribeExecution' }, () => client.send(command));
      return answer?.status as ExecutionStatus | undefined;
    },
    stop: async (stateMachine, name, reason) => {
      const command = new StopExecutionCommand({
        executionArn: executionArn(arnOf(stateMachine), name),
        error: 'Stopped',
        cause: reason.slice(0, CAUSE_LENGTH),
      });
      await awsCall({ service: 'states', operation: 'StopExecution' }, () => client.send(command));
    },
    failure: async (stateMachine, name) => {
      const command = new DescribeExecutionCommand({ executionArn: executionArn(arnOf(stateMachine), name) });
      const answer = await awsLookup({ service: 'states', operation: 'DescribeExecution' }, () => client.send(command));
      return answer?.error === undefined ? undefined : { error: answer.error, cause: answer.cause ?? '' };
    },
    succeedTask: async (taskToken, output) => {
      const command = new SendTaskSuccessCommand({ taskToken, output: JSON.stringify(output) });
      await awsCall({ service: 'states', operation: 'SendTaskSuccess' }, () => client.send(command));
    },
    failTask: async (taskToken, error, cause) => {
      const command = new SendTaskFailureCommand({ taskToken, error, cause: cause.slice(0, CAUSE_LENGTH) });
      await awsCall({ service: 'states', operation: 'SendTaskFailure' }, () => client.send(command));
    },
  };
}

/**
 * The ARN of an execution of a Standard state machine (Service Authorization Reference: AWS Step Functions). One that was started by a
 * version or an alias has neither in it.
 */
function executionArn(stateMachineArn: string, name: string): string {
  const unqualified = stateMachineArn.split(':').slice(0, 7).join(':');
  return `${unqualified.replace(':stateMachine:', ':execution:')}:${name}`;
}
