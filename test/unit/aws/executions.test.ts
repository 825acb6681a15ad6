import { SFNClient } from '@aws-sdk/client-sfn';
import { describe, expect, it } from 'vitest';
import { createServiceRuntime } from '../../../functions/runtime/service.ts';
import { retryStrategy } from '../../../src/aws/clients.ts';
import { createExecutions } from '../../../src/aws/executions.ts';
import { type ScriptedReply, type SeenRequest, startScript } from '../fixtures/scripted-server.ts';

const UNQUALIFIED = 'arn:aws:states:eu-west-1:111122223333:stateMachine:podshift-migrate-cluster-prod';
const MACHINE = `${UNQUALIFIED}:live`;
const EXECUTION = 'arn:aws:states:eu-west-1:111122223333:execution:podshift-migrate-cluster-prod:r1';

/** The gateway over a scripted Step Functions, and what it asked of it. */
async function gateway(script: (request: SeenRequest, index: number) => ScriptedReply) {
  const server = await startScript(script);
  const client = new SFNClient({
    region: 'eu-west-1',
    endpoint: server.url,
    credentials: { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'SECRET' },
    retryStrategy: retryStrategy('none'),
  });
  const stateMachineArns = {
    'migrate-cluster': MACHINE,
    'scan-cluster': UNQUALIFIED,
    'migrate-fleet': undefined,
    'rollback-run': undefined,
  };
  return { executions: createExecutions({ client, stateMachineArns }), seen: server.seen };
}

const JSON_1_0 = { 'content-type': 'application/x-amz-json-1.0' };
const refused = (code: string, message = 'no'): ScriptedReply => ({
  status: 400,
  headers: JSON_1_0,
  body: { __type: code, message },
});
const asked = (seen: readonly SeenRequest[]) =>
  seen.map((request) => [request.headers['x-amz-target'], JSON.parse(request.body) as unknown]);

describe('the gateway to Step Functions', () => {
  it('starts an execution under the name that it is given', async () => {
    const { executions, seen } = await gateway(() => ({ headers: JSON_1_0, body: { executionArn: EXECUTION, startDate: 1 } }));
    expect(await executions.start('migrate-cluster', 'r1', { runId: 'r1' })).toEqual({ executionArn: EXECUTION });
    expect(asked(seen)).toEqual([['AWSStepFunctions.StartExecution', { stateMachineArn: MACHINE, name: 'r1', input: '{"runId":"r1"}' }]]);
  });

  it('knows the ARN of an execution whose start was answered without it', async () => {
    const { executions } = await gateway(() => ({ headers: JSON_1_0, body: {} }));
    expect(await executions.start('migrate-cluster', 'r1', {})).toEqual({ executionArn: EXECUTION });
  });

  it.each(['migrate-cluster', 'scan-cluster'] as const)(
    'looks for an execution of %s by its own ARN, which names no alias',
    async (machine) => {
      const { executions, seen } = await gateway(() => ({ headers: JSON_1_0, body: { status: 'RUNNING' } }));
      await executions.status(machine, 'r1');
      expect(asked(seen)).toEqual([['AWSStepFunctions.DescribeExecution', { executionArn: EXECUTION, includedData: 'METADATA_ONLY' }]]);
    },
  );

  it('tells how an execution stands, and that there is none', async () => {
    const { executions, seen } = await gateway((_request, index) =>
      index === 0 ? { headers: JSON_1_0, body: { status: 'TIMED_OUT' } } : refused('ExecutionDoesNotExist'),
    );
    expect(await executions.status('migrate-cluster', 'r1')).toBe('TIMED_OUT');
    expect(await executions.status('migrate-cluster', 'r1')).toBeUndefined();
    expect(asked(seen)[0]).toEqual(['AWSStepFunctions.DescribeExecution', { executionArn: EXECUTION, includedData: 'METADATA_ONLY' }]);
  });

  it('tells what failed an execution, and nothing of one that did not or is not there', async () => {
    const answers: ScriptedReply[] = [
      { headers: JSON_1_0, body: { status: 'FAILED', error: 'ClusterUnreachable', cause: '{"errorMessage":"no answer"}' } },
      { headers: JSON_1_0, body: { status: 'FAILED', error: 'WaveFailed' } },
      { headers: JSON_1_0, body: { status: 'RUNNING' } },
      refused('ExecutionDoesNotExist'),
    ];
    const { executions, seen } = await gateway((_request, index) => answers[index] ?? refused('InternalError'));
    expect(await executions.failure('migrate-cluster', 'r1')).toEqual({
      error: 'ClusterUnreachable',
      cause: '{"errorMessage":"no answer"}',
    });
    expect(await executions.failure('migrate-cluster', 'r1')).toEqual({ error: 'WaveFailed', cause: '' });
    expect(await executions.failure('migrate-cluster', 'r1')).toBeUndefined();
    expect(await executions.failure('migrate-cluster', 'r1')).toBeUndefined();
    expect(asked(seen)[0]).toEqual(['AWSStepFunctions.DescribeExecution', { executionArn: EXECUTION }]);
  });

  it('stops an execution, and says why', async () => {
    const { executions, seen } = await gateway(() => ({ headers: JSON_1_0, body: { stopDate: 1 } }));
    await executions.stop('migrate-cluster', 'r1', 'asked for');
    expect(asked(seen)).toEqual([['AWSStepFunctions.StopExecution', { executionArn: EXECUTION, error: 'Stopped', cause: 'asked for' }]]);
  });

  it('answers task tokens', async () => {
    const { executions, seen } = await gateway(() => ({ headers: JSON_1_0, body: {} }));
    await executions.succeedTask('token', { digest: 'd' });
    await executions.failTask('token', 'ApprovalMismatch', 'x'.repeat(40_000));
    expect(asked(seen)).toEqual([
      ['AWSStepFunctions.SendTaskSuccess', { taskToken: 'token', output: '{"digest":"d"}' }],
      ['AWSStepFunctions.SendTaskFailure', { taskToken: 'token', error: 'ApprovalMismatch', cause: 'x'.repeat(32_768) }],
    ]);
  });

  it.each([
    ['ExecutionAlreadyExists', 'ExecutionExists'],
    ['TaskDoesNotExist', 'TaskTokenGone'],
    ['TaskTimedOut', 'TaskTokenGone'],
    ['InvalidToken', 'TaskTokenGone'],
    ['ExecutionLimitExceeded', 'LimitExceeded'],
    ['KmsThrottlingException', 'Throttled'],
    ['ThrottlingException', 'Throttled'],
    ['StateMachineDoesNotExist', 'NotFound'],
    ['StateMachineDeleting', 'InvalidRequest'],
    ['AccessDeniedException', 'AccessDenied'],
  ])('calls %s %s', async (code, name) => {
    const { executions } = await gateway(() => refused(code));
    await expect(executions.start('migrate-cluster', 'r1', {})).rejects.toMatchObject({ name });
  });

  it('never quotes the token that Step Functions refuses', async () => {
    const { executions } = await gateway(() => refused('InvalidToken', "Invalid Token: 'AQCAAAA'"));
    await expect(executions.succeedTask('AQCAAAA', {})).rejects.toMatchObject({ message: expect.not.stringContaining('AQCAAAA') });
  });

  it('refuses a machine that this function has no ARN of', async () => {
    const { executions, seen } = await gateway(() => ({ body: {} }));
    await expect(executions.start('migrate-fleet', 'r1', {})).rejects.toMatchObject({ name: 'InternalError' });
    await expect(executions.status('rollback-run', 'r1')).rejects.toMatchObject({ name: 'InternalError' });
    expect(seen).toEqual([]);
  });

  it('is made once by the runtime of a function, of the ARNs in its environment', async () => {
    const runtime = createServiceRuntime({ JOURNAL_TABLE: 'table', LOG_LEVEL: 'ERROR' });
    expect(await runtime.executions()).toBe(await runtime.executions());
    await expect((await runtime.executions()).start('migrate-cluster', 'r1', {})).rejects.toMatchObject({
      name: 'InternalError',
      message: expect.stringContaining('migrate-cluster'),
    });
  });
});
