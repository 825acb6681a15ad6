import { beforeAll, describe, expect, it } from 'vitest';
import { scheduleOf } from '../../src/service/schedules.ts';
import type { Packaged } from '../support/package-service.ts';
import { packaged } from '../support/packaged.ts';

const PLACE = { partition: 'aws', region: 'us-east-1', accountId: '111122223333', stage: 'prod' };
const VALUES: Record<string, string> = { Region: PLACE.region, AccountId: PLACE.accountId, Partition: PLACE.partition };

describe('schedules', () => {
  let template: Packaged['template'];
  const text = (value: unknown): string => {
    const sub = (value as { 'Fn::Sub'?: string })['Fn::Sub'] ?? String(value);
    return sub.replace(/\$\{AWS::(\w+)\}/g, (_all, name: string) => VALUES[name] ?? '');
  };
  beforeAll(async () => {
    template = (await packaged()).template;
  }, 600_000);

  it.each(['scan', 'run'] as const)('of a %s name what the stack makes: group, role, state machine, dead letters', (starts) => {
    const target = { clusterName: 'shop', region: 'us-east-1', assumeRoleArn: null };
    const when = { expression: 'rate(1 day)', timezone: 'UTC', flexibleMinutes: 0 };
    const made = scheduleOf(
      { name: 'x', starts, target, ...when, expectedDigest: null, approval: 'none', requestedBy: 'me', options: {} },
      PLACE,
    );
    const { ScheduleGroup, ScheduleRole, DeadLetters, ...rest } = template.Resources;
    expect(made.GroupName).toBe(ScheduleGroup?.Properties.Name);
    expect(made.Target.RoleArn).toBe(
      `arn:aws:iam::111122223333:role${ScheduleRole?.Properties.Path}${text(ScheduleRole?.Properties.RoleName)}`,
    );
    expect(made.Target.DeadLetterConfig.Arn.split(':').at(-1)).toBe(DeadLetters?.Properties.QueueName);
    const machine = starts === 'scan' ? 'ScanCluster' : 'MigrateCluster';
    // A run's execution has the run's id for its name, which only the universal target can give (EventBridge Scheduler User Guide).
    const started = starts === 'scan' ? made.Target.Arn : (JSON.parse(made.Target.Input) as { StateMachineArn: string }).StateMachineArn;
    expect(started.split(':').slice(6)).toEqual([rest[machine]?.Properties.StateMachineName, rest[`${machine}Alias`]?.Properties.Name]);
    expect(JSON.stringify(ScheduleRole?.Properties.Policies)).toContain(`{"Ref":"${machine}"}`);
  });

  it('are started by EventBridge Scheduler alone, for this group', () => {
    const trust = JSON.stringify(template.Resources.ScheduleRole?.Properties.AssumeRolePolicyDocument);
    expect(trust).toContain('scheduler.amazonaws.com');
    expect(trust).toContain('schedule-group/podshift-prod');
  });
});
