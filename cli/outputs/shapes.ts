import { z } from 'zod';
import { migrationOptions } from '../../src/model/options.ts';
import { runReport, unitSchema } from '../../src/model/report.ts';
import { runState } from '../../src/model/run-state.ts';

const apiVersion = z.literal('podshift/v1');

/** A run of a list: how it stands, without its units. */
export const listedRun = z.strictObject({
  id: z.string(),
  status: runReport.shape.run.shape.status,
  state: runState,
  cluster: z.string().describe('ARN of the cluster; its name until it was described'),
  digest: z.string().describe("The plan's digest; empty until there is a plan"),
  reason: z.string(),
  startedAt: z.string(),
  endedAt: z.string().nullable(),
});

/** What `status` prints with `-o json`. */
export const listedRuns = z.strictObject({ apiVersion, kind: z.literal('RunList'), runs: z.array(listedRun) });

/** A line of `status --watch -o json`: a run of the list, or with `status RUN` the run as its report has it. */
export const statusLine = z.union([listedRun, runReport.shape.run]);

const rollback = { apiVersion, kind: z.literal('RollbackPlan'), run: z.string().describe('Id of the run') };

/** What `rollback` without `--approve` prints: the changes of a journal of this machine, or the units of a service's run. */
export const rollbackPlan = z.union([
  z.strictObject({
    ...rollback,
    changes: z
      .array(
        z.strictObject({
          kind: z.string().describe('What kind of write it was'),
          object: z.string(),
          unit: z.string().nullable().describe('`NAMESPACE/SERVICEACCOUNT`; null for what no unit has alone'),
          at: z.string(),
        }),
      )
      .describe('What would be restored, the newest change first'),
  }),
  z.strictObject({ ...rollback, units: z.array(z.strictObject({ unit: z.string(), status: unitSchema.shape.status })) }),
]);

const target = z.strictObject({
  clusterName: z.string(),
  region: z.string(),
  assumeRoleArn: z.string().nullable(),
  externalId: z.string().optional(),
});

/** What a scheduled scan is started with. */
const scanInput = z.strictObject({
  runId: z.string(),
  target,
  options: migrationOptions.partial().describe('The options that differ from their defaults'),
  requestedBy: z.strictObject({ source: z.literal('schedule'), by: z.string().describe('ARN of the IAM principal') }),
});

/** What a scheduled run is started with: the input of its execution, as text. */
const startExecution = z.strictObject({ StateMachineArn: z.string(), Name: z.string(), Input: z.string() });

/** What `schedule create` prints: the request of EventBridge Scheduler's CreateSchedule, `Input` as an object. */
export const scheduleDefinition = z.strictObject({
  Name: z.string(),
  GroupName: z.string(),
  Description: z.string(),
  ScheduleExpression: z.string(),
  ScheduleExpressionTimezone: z.string(),
  FlexibleTimeWindow: z.strictObject({ Mode: z.enum(['OFF', 'FLEXIBLE']), MaximumWindowInMinutes: z.int().optional() }),
  Target: z.strictObject({
    Arn: z.string(),
    RoleArn: z.string(),
    Input: z.union([scanInput, startExecution]),
    DeadLetterConfig: z.strictObject({ Arn: z.string() }),
    RetryPolicy: z.strictObject({ MaximumRetryAttempts: z.int(), MaximumEventAgeInSeconds: z.int() }),
  }),
});

/** What `schedule list` prints. */
export const scheduleList = z.strictObject({
  apiVersion,
  kind: z.literal('ScheduleList'),
  schedules: z.array(
    z.strictObject({ name: z.string(), state: z.string(), description: z.string(), expression: z.string(), timezone: z.string() }),
  ),
});

/** What `addon permissions` prints. */
export const addonPermissions = z.strictObject({
  apiVersion,
  kind: z.literal('AddonPermissions'),
  cluster: z.string().describe('ARN of the cluster'),
  addonName: z.string(),
  addonVersion: z.string(),
  isDefaultVersion: z.boolean(),
  requiresIamPermissions: z.boolean(),
  roles: z
    .array(
      z.strictObject({
        namespace: z.string(),
        serviceAccount: z.string(),
        roleName: z.string(),
        managedPolicies: z.array(z.string()),
        trustPolicy: z.string().describe('The whole trust policy, as JSON text'),
      }),
    )
    .describe('Empty where this version does not support Pod Identity'),
});

/** What `fleet plan` and `fleet run` print with `--service`: the service goes on by itself. */
export const fleetStart = z.strictObject({
  fleet: z.string().describe('Id of the fleet'),
  execution: z.string().describe('ARN of the execution of Step Functions'),
});

/** The line that `twin` prints once it serves. */
export const twinEndpoints = z.strictObject({
  aws: z.string().describe('URL of every AWS service'),
  kubeconfig: z.string().describe('Path of a kubeconfig for the cluster'),
});

/** The line that `serve` prints once it serves. */
export const serveEndpoint = z.strictObject({ url: z.string().describe('URL of the API'), cluster: z.string(), region: z.string() });

const outcome = z.enum(['read', 'denied', 'failed', 'absent']);

/** `capture.json` of a snapshot that `capture` took. */
export const captureRecord = z.strictObject({
  takenAt: z.string(),
  podshift: z.string().describe('Version of podshift'),
  cluster: z.string(),
  region: z.string(),
  kubernetesVersion: z.string(),
  kinds: z
    .array(
      z.strictObject({
        group: z.string(),
        version: z.string(),
        plural: z.string(),
        kind: z.string(),
        namespaced: z.boolean(),
        outcome,
      }),
    )
    .describe('The kinds that were asked for; `absent`: the cluster serves no such kind'),
  files: z.array(z.strictObject({ file: z.string(), outcome })).describe("The files of AWS's answers that were asked for"),
  unanswered: z.array(z.string()).describe('API groups whose server did not say what it has'),
});
