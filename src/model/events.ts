import { z } from 'zod';
import { requesterSchema } from './requester.ts';

/** The `source` of every event of podshift on its bus. */
export const EVENT_SOURCE = 'podshift';

/** The longest reason in an event, and the longest message of a finding; longer ones end with an ellipsis. An entry of PutEvents holds 256 KB. */
export const MAX_TEXT = { reason: 1000, message: 400 } as const;

const runStatus = z.enum(['pending', 'running', 'rolling-back', 'planned', 'migrated', 'held', 'rolled-back', 'needs-operator']);
const unitStatus = z.enum(['pending', 'running', 'rolling-back', 'migrated', 'held', 'rolled-back', 'needs-operator']);

/** What every detail has. Consumers leave fields alone that they do not know: later versions add some. */
const common = {
  schemaVersion: z.literal(1).describe('Raised by a change that breaks consumers.'),
  id: z.string().describe('The same for each delivery of one event: events are delivered at least once.'),
  sequence: z
    .string()
    .regex(/^\d+$/)
    .describe('A whole number in decimal digits. Of two events of one run or one unit the later one has the higher number.'),
  runId: z.string(),
  clusterName: z.string(),
  region: z.string(),
  clusterArn: z.string().describe('Empty until EKS has described the cluster.'),
};

const reason = z.string().describe(`Why it stands so, or what an operator has to do; at most ${MAX_TEXT.reason} characters.`);
const time = z.string().describe('RFC 3339, in UTC.');

/** The detail of each type of event, by its `detail-type`. */
export const EVENT_DETAILS = {
  'Run State Changed': z.object({
    ...common,
    status: runStatus,
    previousStatus: runStatus.nullable().describe('Null for a new run.'),
    reason,
    digest: z.string().describe("The plan's digest; empty until there is a plan."),
    startedAt: time,
    approval: z
      .enum(['waiting', 'approved', 'refused', 'expired'])
      .nullable()
      .describe('How the approval of its plan stands; null where none was asked for.'),
    plan: z
      .object({
        units: z.object({ migrate: z.int().min(0), held: z.int().min(0), associated: z.int().min(0) }),
        changes: z.int().min(0).describe('Fields that would change.'),
        findings: z.int().min(0),
        text: z
          .string()
          .describe('Units, options, each field before and after, and findings, as far as they have room; at most 8000 bytes.'),
        omitted: z.int().min(0).describe('How many of them the text only counts.'),
      })
      .nullable()
      .describe('What needs an approval; null but for a run that waits for approval.'),
    requester: requesterSchema.nullable().describe('Who asked for the run; null for a run of an earlier version.'),
    approver: z
      .object({ by: z.string(), source: z.literal('api'), at: time, self: z.boolean().describe('Whether that is who asked for the run.') })
      .nullable()
      .describe('Who approved or refused its plan; null while nobody has.'),
    endedAt: time.nullable().describe('Null while the run is under way.'),
    unitCounts: z
      .object({
        pending: z.int().min(0),
        migrated: z.int().min(0),
        held: z.int().min(0),
        rolledBack: z.int().min(0),
        needsOperator: z.int().min(0),
      })
      .nullable()
      .describe('How its units stand; null while the run is under way.'),
    audit: z
      .object({ records: z.int().min(1), hash: z.string() })
      .nullable()
      .describe('The audit of the run at this end: its number of records, and the hash of the last one; null while the run is under way.'),
    page: z
      .string()
      .nullable()
      .describe(
        'The address of the API that answers a signed request with a link to the page of the run; null while the run is under way. It holds no signature: it opens nothing by itself.',
      ),
    pageText: z
      .string()
      .describe('What a notification says of the page: the command that prints a link to it; empty while the run is under way.'),
  }),
  'Unit State Changed': z.object({
    ...common,
    unitId: z.string().describe('NAMESPACE/SERVICEACCOUNT.'),
    namespace: z.string(),
    serviceAccount: z.string(),
    mechanism: z.enum(['irsa', 'kube2iam', 'kiam', 'addon']),
    roleArn: z.string(),
    wave: z.int().min(0).nullable().describe('From 0, the canary; null for a unit that is not migrated.'),
    status: unitStatus,
    previousStatus: unitStatus.nullable().describe('Null for a new unit: what the plan decided.'),
    reason,
  }),
  'Cluster Drifted': z.object({
    ...common,
    comparedWith: z.string().describe("The run of the cluster's scan before this one."),
    since: time.describe('When that scan looked.'),
    total: z.int().min(0).describe('Number of findings; `findings` has the first of them.'),
    findings: z.array(
      z.object({
        code: z.string().describe('Such as PS801; docs/findings.md says what it means and what to do.'),
        severity: z.enum(['blocker', 'warning', 'info']),
        subject: z.string(),
        message: z.string().describe(`At most ${MAX_TEXT.message} characters.`),
      }),
    ),
  }),
} as const;

/** The `detail-type` of an event. */
export type DetailType = keyof typeof EVENT_DETAILS;

/** One event, ready for the bus. */
export type PodshiftEvent = {
  [Type in DetailType]: {
    readonly detailType: Type;
    /** RFC 3339. */
    readonly time: string;
    readonly detail: z.output<(typeof EVENT_DETAILS)[Type]>;
  };
}[DetailType];

/**
 * The JSON Schema (draft 4, as EventBridge's schema registry takes it) of a whole event as a rule's target receives it
 * (EventBridge user guide, "AWS service event metadata").
 */
export function eventSchema(type: DetailType): object {
  const envelope = z
    .object({
      version: z.literal('0'),
      id: z.string().describe("EventBridge's own; another one for each delivery."),
      'detail-type': z.literal(type),
      source: z.literal(EVENT_SOURCE),
      account: z.string(),
      time,
      region: z.string(),
      resources: z.array(z.string()).describe("The cluster's ARN, once it is known."),
      detail: EVENT_DETAILS[type],
    })
    .meta({ title: type });
  return z.toJSONSchema(envelope, { target: 'draft-4', io: 'input' });
}
