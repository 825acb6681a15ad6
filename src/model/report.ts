import { z } from 'zod';
import { migrationOptions } from './options.ts';
import { OWNER_KINDS } from './owner.ts';
import { requesterSchema } from './requester.ts';
import { runState } from './run-state.ts';

const findingSchema = z.strictObject({
  code: z.string(),
  severity: z.enum(['blocker', 'warning', 'info']),
  subject: z.string(),
  message: z.string(),
  remedy: z.string(),
});

/** Who keeps an object as its own source has it. */
const ownersSchema = z.array(z.strictObject({ kind: z.enum(OWNER_KINDS), name: z.string().describe('Empty where the mark names none') }));

const addonRolesSchema = z.strictObject({
  serviceAccountRoleArn: z.string().nullable(),
  associations: z.array(z.strictObject({ serviceAccount: z.string(), roleArn: z.string() })),
});

/** A unit as every report shows it. */
export const unitSchema = z.strictObject({
  namespace: z.string(),
  serviceAccount: z.string(),
  /** The service account that the unit is split from; absent where it keeps its own. */
  splitFrom: z.string().optional(),
  mechanism: z.enum(['irsa', 'kube2iam', 'kiam', 'addon']),
  roleArn: z.string(),
  workloads: z.array(z.strictObject({ kind: z.string(), name: z.string() })),
  status: z.enum(['pending', 'running', 'rolling-back', 'migrated', 'held', 'rolled-back', 'needs-operator']),
  wave: z.int().min(0).nullable(),
  reason: z.string(),
  findings: z.array(z.string()),
  /** What else of the cluster changes for a unit of kube2iam or kiam, before and after. */
  changes: z.array(z.strictObject({ object: z.string(), field: z.string(), before: z.unknown(), after: z.unknown() })).optional(),
  /** Who keeps the service account's role annotation as its source has it; absent where nobody does. */
  owners: ownersSchema.optional(),
  /** The Helm chart that the service account was made of, and its value that holds the annotations, where it is known. */
  chart: z.strictObject({ name: z.string(), value: z.string().nullable() }).optional(),
  /** The annotations that only IRSA reads, key to value; absent where there are none. */
  annotations: z
    .strictObject({
      removed: z.record(z.string(), z.string()).describe('They go after proof'),
      kept: z.record(z.string(), z.string()).describe('They stay: whoever owns them would put them back, or something needs them'),
      source: z.boolean().describe('Whether those that stay are to be removed at their owner after the migration'),
    })
    .optional(),
  /** The association that was there before the run, or that the run made and left; absent while there is none. */
  association: z.strictObject({ id: z.string(), isNew: z.boolean().describe('Whether the run made it') }).optional(),
  /** Of a unit that migrates through its add-on: one update moves all of the add-on's service accounts. */
  addon: z.strictObject({ name: z.string(), before: addonRolesSchema, after: addonRolesSchema }).optional(),
});

const evidenceSchema = z.strictObject({
  grade: z.union([z.literal(1), z.literal(2), z.literal(3)]),
  kind: z.string(),
  passed: z.boolean(),
  at: z.string(),
  facts: z.record(z.string(), z.unknown()),
});

/** How the approval of a run's plan stands, and who gave or refused it. */
export const approvalSchema = z.strictObject({
  status: z.enum(['waiting', 'approved', 'refused', 'expired']),
  expiresAt: z.string(),
  answer: z
    .strictObject({
      decision: z.enum(['approve', 'refuse']),
      digest: z.string(),
      by: z.string().describe('ARN of the IAM principal who answered'),
      source: z.literal('api').describe('How the answer came: the API alone takes one'),
      at: z.string(),
      requestId: z.string(),
      self: z.boolean().describe('Whether that is who asked for the run, as far as AWS vouches for it: all sessions of a role are one'),
    })
    .nullable(),
});

const runSchema = z.strictObject({
  id: z.string(),
  status: z.enum(['pending', 'running', 'rolling-back', 'planned', 'migrated', 'held', 'rolled-back', 'needs-operator']),
  cluster: z.string(),
  digest: z.string(),
  startedAt: z.string(),
  endedAt: z.string().nullable(),
  /** Absent in plans and rehearsals, and of runs of earlier versions. */
  requester: requesterSchema.optional(),
  /** Absent where nobody was asked to approve. */
  approval: approvalSchema.optional(),
  /** Why the run stands so, where it has no unit that says it: another run has the cluster, or there is nothing to migrate. */
  reason: z.string().optional(),
  /** How it stands in words; absent where nobody asked for it, as in plans and rehearsals. */
  state: runState.optional(),
});

/** What came, or would come, of the retirement of kube2iam or kiam. */
export const retirementSchema = z.strictObject({
  daemon: z.enum(['kube2iam', 'kiam']),
  status: z.enum(['planned', 'refused', 'done', 'retiring', 'retired', 'restoring', 'restored', 'needs-operator']),
  reason: z.string(),
  daemons: z.array(z.strictObject({ kind: z.string(), namespace: z.string(), name: z.string(), action: z.enum(['stop', 'stopped']) })),
  /** How a person takes the rule away on one node, and the image that podshift does it with; null where it is refused or done. */
  rule: z.strictObject({ removal: z.string(), image: z.string() }).nullable(),
  /** `removed`: how often the rule was there; `answered`: the HTTP status of instance metadata itself; null while unknown. */
  nodes: z.array(z.strictObject({ name: z.string(), removed: z.int().nullable(), answered: z.int().nullable() })),
  principals: z.array(z.string()),
  /** `removed`: the trust policy names the principals no more; `kept`: it does still, for the reason; `pending`: not tried yet. */
  roles: z.array(
    z.strictObject({
      roleArn: z.string(),
      serviceAccounts: z.array(z.string()),
      status: z.enum(['pending', 'removed', 'kept']),
      reason: z.string(),
      evidence: z.array(evidenceSchema),
    }),
  ),
});

const rolesSchema = z.array(
  z.strictObject({
    roleArn: z.string(),
    trustBefore: z.string(),
    trustAfter: z.string(),
    /** The infrastructure as code that the role's tags name; absent where they name none. */
    owners: ownersSchema.optional(),
  }),
);

/** One field of one object that a run of the plan would change; `unit` is null for what no unit has alone. */
const plannedChangeSchema = z.strictObject({
  object: z.string().describe('`Kind/namespace/name`, `Role/ARN` or `Addon/NAME`'),
  field: z.string().describe('A path of the object; empty where the whole object is made'),
  before: z.unknown(),
  after: z.unknown(),
  unit: z.string().nullable().describe('`NAMESPACE/SERVICEACCOUNT`; null for what no unit has alone'),
});

/** How long a run of the plan takes where everything goes well, and what of it is what. */
const plannedDurationSchema = z.strictObject({
  seconds: z.int().describe('The whole of it; 0 where nothing would change'),
  waves: z.int(),
  soaks: z.int().describe('Soaks that follow one after another; those of further waves overlap'),
  soakSeconds: z.int().describe('Of each soak'),
  restartSeconds: z.int().describe('Restarts at the pace that the options allow'),
});

/**
 * What was planned: the options that it was made with, every field of every object that would change, and how long a run takes (absent in
 * plans of earlier versions).
 */
const planned = { options: migrationOptions, changes: z.array(plannedChangeSchema), duration: plannedDurationSchema.optional() };

const common = {
  apiVersion: z.literal('podshift/v1'),
  run: runSchema,
  roles: rolesSchema,
  findings: z.array(findingSchema),
  /** Absent where no daemon was to be retired. */
  retirement: retirementSchema.optional(),
  /** Only the twin can watch the promises at every instant: null for a run against AWS. */
  promises: z.strictObject({ credentialGapSeconds: z.number(), widenedPrincipals: z.array(z.string()), foreignWrites: z.int() }).nullable(),
  calls: z.strictObject({ eks: z.int(), iam: z.int(), sts: z.int(), kubernetes: z.int(), cloudtrail: z.int() }),
};

/** What `rehearse`, `run` and `report` print with `-o json` (design.md §8 and §11). */
export const runReport = z.strictObject({
  ...common,
  kind: z.literal('RunReport'),
  units: z.array(unitSchema.extend({ evidence: z.array(evidenceSchema) })),
  /** They are there as long as the run has a plan and changes nothing: it waits for approval, or only planned. */
  options: planned.options.optional(),
  changes: planned.changes.optional(),
  duration: planned.duration,
});

/** What `plan` prints with `-o json`: the same without evidence. */
export const planReport = z.strictObject({ ...common, kind: z.literal('Plan'), units: z.array(unitSchema), ...planned });

/** What a plan shows, without the run that made it. */
export const planContents = z.strictObject({
  ...planned,
  units: z.array(unitSchema),
  roles: rolesSchema,
  findings: z.array(findingSchema),
  retirement: retirementSchema.optional(),
});

/** What `scan` prints with `-o json`: who gets which role today, by which mechanism, and what stands in the way. */
export const scanReport = z.strictObject({
  apiVersion: z.literal('podshift/v1'),
  kind: z.literal('Scan'),
  takenAt: z.string(),
  cluster: z.strictObject({ arn: z.string(), version: z.string(), platformVersion: z.string() }),
  agent: z.strictObject({ addonVersion: z.string().nullable(), daemonSet: z.string().nullable(), ready: z.int(), desired: z.int() }),
  serviceAccounts: z.array(
    z.strictObject({
      namespace: z.string(),
      serviceAccount: z.string(),
      mechanism: unitSchema.shape.mechanism,
      roleArn: z.string(),
      /** Whether a Pod Identity association exists as well: it outranks the annotation in new pods. */
      associated: z.boolean(),
      workloads: unitSchema.shape.workloads,
      findings: z.array(z.string()),
    }),
  ),
  /** Pods and templates that ask kube2iam or kiam for a role, and the daemons that answer. */
  legacy: z.array(z.strictObject({ subject: z.string(), kind: z.enum(['annotation', 'daemon']), name: z.string() })),
  addons: z.array(
    z.strictObject({ name: z.string(), version: z.string(), status: z.string(), serviceAccountRoleArn: z.string().nullable() }),
  ),
  findings: z.array(findingSchema),
  calls: common.calls,
});

export type RunReport = z.output<typeof runReport>;
export type PlanReport = z.output<typeof planReport>;
export type PlanContents = z.output<typeof planContents>;
export type ScanReport = z.output<typeof scanReport>;
export type PlannedDuration = z.output<typeof plannedDurationSchema>;
export type RetirementReport = z.output<typeof retirementSchema>;
/** What the twin's watch over the promises found. */
export type Promises = NonNullable<RunReport['promises']>;
