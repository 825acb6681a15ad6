import { SchedulerClient } from '@aws-sdk/client-scheduler';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createSchedules } from '../../../src/aws/schedules.ts';
import { executionClaim } from '../../../src/migration/run/requester.ts';
import { migrationOptions } from '../../../src/model/options.ts';
import { type ScheduleRequest, scheduleOf } from '../../../src/service/schedules.ts';
import { type ScriptedReply, type SeenRequest, startScript } from '../fixtures/scripted-server.ts';

const PLACE = { partition: 'aws', region: 'eu-west-1', accountId: '111122223333', stage: 'prod' };
const request = (changes: Partial<ScheduleRequest> = {}): ScheduleRequest => ({
  name: 'nightly',
  starts: 'scan',
  target: { clusterName: 'shop', region: 'eu-central-1', assumeRoleArn: null },
  expression: 'cron(0 2 * * ? *)',
  timezone: 'Europe/Berlin',
  flexibleMinutes: 0,
  expectedDigest: null,
  approval: 'none',
  requestedBy: 'arn:aws:iam::111122223333:user/plans',
  options: { namespaces: ['shop'] },
  ...changes,
});

describe('a schedule', () => {
  it('of a scan starts scan-cluster with a run id of its own for each start', () => {
    const made = scheduleOf(request(), PLACE);
    expect(made).toMatchObject({
      Name: 'nightly',
      GroupName: 'podshift-prod',
      ScheduleExpression: 'cron(0 2 * * ? *)',
      ScheduleExpressionTimezone: 'Europe/Berlin',
      FlexibleTimeWindow: { Mode: 'OFF' },
      Target: {
        Arn: 'arn:aws:states:eu-west-1:111122223333:stateMachine:podshift-scan-cluster-prod:live',
        RoleArn: 'arn:aws:iam::111122223333:role/podshift/prod/podshift-schedules-prod-eu-west-1',
        DeadLetterConfig: { Arn: 'arn:aws:sqs:eu-west-1:111122223333:podshift-dead-letters-prod' },
      },
    });
    expect(JSON.parse(made.Target.Input)).toEqual({
      runId: '<aws.scheduler.execution-id>',
      target: { clusterName: 'shop', region: 'eu-central-1', assumeRoleArn: null },
      options: { namespaces: ['shop'] },
      requestedBy: { source: 'schedule', by: 'arn:aws:iam::111122223333:user/plans' },
    });
  });

  it('of a run starts migrate-cluster with all that its input needs', () => {
    const made = scheduleOf(request({ starts: 'run', flexibleMinutes: 15, expectedDigest: 'd', approval: 'required' }), PLACE);
    expect(made.FlexibleTimeWindow).toEqual({ Mode: 'FLEXIBLE', MaximumWindowInMinutes: 15 });
    expect(made.Target.Arn).toBe('arn:aws:scheduler:::aws-sdk:sfn:startExecution');
    const call = JSON.parse(made.Target.Input);
    expect(call.StateMachineArn).toContain(':podshift-migrate-cluster-prod');
    const input = JSON.parse(call.Input);
    // The execution is found, and stopped, under the run's id.
    expect([call.Name, input.runId]).toEqual(Array(2).fill('<aws.scheduler.execution-id>'));
    expect(input).toMatchObject({ mode: 'run', approval: 'required', expectedDigest: 'd' });
    expect(executionClaim.parse(input)).toEqual({ requestedBy: { source: 'schedule', by: 'arn:aws:iam::111122223333:user/plans' } });
    expect(migrationOptions.parse(input.options).namespaces).toEqual(['shop']);
  });
});

describe('the gateway to EventBridge Scheduler', () => {
  async function scripted(script: (seen: SeenRequest) => ScriptedReply) {
    const server = await startScript(script);
    const credentials = { accessKeyId: 'AKIAIOSFODNN7EXAMPLE', secretAccessKey: 'example' };
    const client = new SchedulerClient({ endpoint: server.url, region: 'eu-west-1', credentials, maxAttempts: 1 });
    onTestFinished(() => client.destroy());
    return { server, schedules: createSchedules(client) };
  }

  it('creates a schedule in its group', async () => {
    const { server, schedules } = await scripted(() => ({ body: { ScheduleArn: 'arn' } }));
    await schedules.create(scheduleOf(request(), PLACE));
    expect(server.seen[0]).toMatchObject({ method: 'POST', path: '/schedules/nightly' });
    expect(JSON.parse(server.seen[0]?.body ?? '')).toMatchObject({ GroupName: 'podshift-prod', ScheduleExpression: 'cron(0 2 * * ? *)' });
  });

  it('lists every page, each schedule with its details', async () => {
    const { schedules } = await scripted(({ path, query }) => {
      if (path !== '/schedules') return { body: { State: 'ENABLED', ScheduleExpression: 'rate(1 day)', Description: path } };
      return {
        body: query.get('NextToken') === null ? { Schedules: [{ Name: 'b' }], NextToken: 'x' } : { Schedules: [{ Name: 'a' }, {}] },
      };
    });
    expect(await schedules.list('podshift-prod')).toEqual(
      ['a', 'b'].map((name) => ({
        name,
        state: 'ENABLED',
        expression: 'rate(1 day)',
        timezone: 'UTC',
        description: `/schedules/${name}`,
      })),
    );
  });

  it.each([
    ['ConflictException', 409, 'AlreadyExists'],
    ['ResourceNotFoundException', 404, 'NotFound'],
    ['ThrottlingException', 429, 'Throttled'],
  ])('throws an error of the table for %s', async (type, status, name) => {
    const { schedules } = await scripted(() => ({ status, headers: { 'x-amzn-errortype': type }, body: { Message: 'no' } }));
    await expect(schedules.create(scheduleOf(request(), PLACE))).rejects.toMatchObject({ name });
    await expect(schedules.delete('podshift-prod', 'nightly')).rejects.toMatchObject({ name });
  });
});
