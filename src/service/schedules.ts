import type { ClusterTarget } from '../model/run.ts';

/** Where a deployed podshift is. */
export interface ServicePlace {
  readonly partition: string;
  readonly region: string;
  readonly accountId: string;
  readonly stage: string;
}

/** What starts when. */
export interface ScheduleRequest {
  readonly name: string;
  readonly starts: 'scan' | 'run';
  readonly target: ClusterTarget;
  /** `cron(…)`, `rate(…)` or `at(…)` (EventBridge Scheduler user guide, "Schedule types"). */
  readonly expression: string;
  /** An IANA time zone, such as `Europe/Berlin`. */
  readonly timezone: string;
  /** The start is spread over so many minutes; 0 for none. */
  readonly flexibleMinutes: number;
  /** Of a run: the digest that its plan must have, and whether somebody has to approve it. */
  readonly expectedDigest: string | null;
  readonly approval: 'none' | 'required';
  /** ARN of the IAM principal who makes the schedule. */
  readonly requestedBy: string;
  /** Keys of the migration options that differ from their defaults. */
  readonly options: Readonly<Record<string, unknown>>;
}

/** A schedule as EventBridge Scheduler takes it (API reference: CreateSchedule). */
export interface ScheduleDefinition {
  readonly Name: string;
  readonly GroupName: string;
  readonly Description: string;
  readonly ScheduleExpression: string;
  readonly ScheduleExpressionTimezone: string;
  readonly FlexibleTimeWindow: { readonly Mode: 'OFF' | 'FLEXIBLE'; readonly MaximumWindowInMinutes?: number };
  readonly Target: {
    readonly Arn: string;
    readonly RoleArn: string;
    readonly Input: string;
    readonly DeadLetterConfig: { readonly Arn: string };
    readonly RetryPolicy: { readonly MaximumRetryAttempts: number; readonly MaximumEventAgeInSeconds: number };
  };
}

/** A schedule as it is listed. */
export interface ListedSchedule {
  readonly name: string;
  readonly state: string;
  readonly description: string;
  readonly expression: string;
  readonly timezone: string;
}

/**
 * Creates, lists and deletes schedules of one podshift. Every method throws as the gateways to AWS do; `create` throws
 * `AlreadyExists` for a name that is taken, `delete` `NotFound` for one that is not.
 */
export interface Schedules {
  create(definition: ScheduleDefinition): Promise<void>;
  list(group: string): Promise<ListedSchedule[]>;
  delete(group: string, name: string): Promise<void>;
}

/** Scheduler puts a fresh id here for each start (user guide, "Adding context attributes"): the id of the run. */
const RUN_ID = '<aws.scheduler.execution-id>';

/** A start that fails is tried again within an hour: later, a maintenance window may be over. */
const RETRIES = { MaximumRetryAttempts: 30, MaximumEventAgeInSeconds: 3600 };

/** The group of a podshift's schedules (infra/schedules.yml). */
export function scheduleGroup(stage: string): string {
  return `podshift-${stage}`;
}

/** The schedule that a request asks for; the names are those of infra/schedules.yml and serverless.yml. Pure. */
export function scheduleOf(request: ScheduleRequest, place: ServicePlace): ScheduleDefinition {
  const { name, starts, target, expression, timezone, flexibleMinutes, expectedDigest, approval, requestedBy, options } = request;
  const { partition, region, accountId, stage } = place;
  const machine = starts === 'scan' ? 'scan-cluster' : 'migrate-cluster';
  const machineArn = `arn:${partition}:states:${region}:${accountId}:stateMachine:podshift-${machine}-${stage}:live`;
  // A record and no more: whoever may start executions writes their input.
  const common = { runId: RUN_ID, target, options, requestedBy: { source: 'schedule', by: requestedBy } };
  const run = JSON.stringify({ ...common, mode: 'run', approval, expectedDigest });
  // A run's execution has its run's id as its name, so that it can be looked at and stopped: a state machine as the target is started
  // under a name of Scheduler's own, the API as the target under the one that it is given (user guide, "Using universal targets").
  const started =
    starts === 'scan'
      ? { Arn: machineArn, Input: JSON.stringify(common) }
      : {
          Arn: `arn:${partition}:scheduler:::aws-sdk:sfn:startExecution`,
          Input: JSON.stringify({ StateMachineArn: machineArn, Name: RUN_ID, Input: run }),
        };
  return {
    Name: name,
    GroupName: scheduleGroup(stage),
    Description: `${starts} of ${target.clusterName} in ${target.region}`,
    ScheduleExpression: expression,
    ScheduleExpressionTimezone: timezone,
    FlexibleTimeWindow: flexibleMinutes === 0 ? { Mode: 'OFF' } : { Mode: 'FLEXIBLE', MaximumWindowInMinutes: flexibleMinutes },
    Target: {
      ...started,
      RoleArn: `arn:${partition}:iam::${accountId}:role/podshift/${stage}/podshift-schedules-${stage}-${region}`,
      DeadLetterConfig: { Arn: `arn:${partition}:sqs:${region}:${accountId}:podshift-dead-letters-${stage}` },
      RetryPolicy: RETRIES,
    },
  };
}
