import { z } from 'zod';
import { migrationOptions } from '../model/options.ts';
import type { Plan } from '../model/plan.ts';
import { approvalSchema, planContents, unitSchema } from '../model/report.ts';
import { requesterSchema } from '../model/requester.ts';
import type { RunRecord, UnitRecord } from '../model/run.ts';
import { runState } from '../model/run-state.ts';
import { PLAINLY } from '../report/commands.ts';
import { describeApproval, describePlan, describeUnit, isProposal } from '../report/report.ts';
import { factsOfRecords, stateOf } from '../report/state/run-state.ts';
import type { PageLink } from './pages.ts';

/** What the API answers with: the journal's records in the words of the reports, without anything secret. */
const apiVersion = z.literal('podshift/v1');

const time = z.iso.datetime();

const clusterTarget = z
  .strictObject({
    clusterName: z.string(),
    region: z.string(),
    assumeRoleArn: z.string().nullable(),
  })
  .describe('Which cluster the run works on, and the role that is assumed first');

/** A run as the API shows it. */
export const runResource = z.strictObject({
  apiVersion,
  kind: z.literal('Run'),
  id: z.string(),
  status: z.enum(['pending', 'running', 'rolling-back', 'planned', 'migrated', 'held', 'rolled-back', 'needs-operator']),
  reason: z.string().describe('Why it ended so, or what an operator must do; empty while all is well'),
  cluster: z.string().describe('ARN of the cluster; empty until it was described'),
  target: clusterTarget,
  digest: z.string().describe("The plan's digest; empty until there is a plan"),
  requester: requesterSchema.nullable().describe('Who asked for it; null for a run of an earlier version'),
  approval: approvalSchema.nullable(),
  options: migrationOptions,
  startedAt: time,
  endedAt: time.nullable(),
  calls: z.strictObject({ eks: z.int(), iam: z.int(), sts: z.int(), kubernetes: z.int(), cloudtrail: z.int() }),
  state: runState
    .omit({ next: true })
    .optional()
    .describe(
      'How it stands in words, as `podshift status` says it: where a run is asked for, or listed. Of an answer to a POST it is absent',
    ),
  plan: planContents
    .optional()
    .describe(
      'What would be done, as `podshift plan` shows it: of one run, as long as it waits for approval or only planned; one of more than 1 MiB of JSON is in its report alone',
    ),
});

/** The longest plan that a run shows, in characters of JSON: whoever waits for a run asks for it again and again. */
const MAX_PLAN_LENGTH = 1024 * 1024;

const next = z.string().nullable().describe('The cursor of the next page; null on the last one');

/** A page of runs, the newest first. */
export const runList = z.strictObject({ apiVersion, kind: z.literal('RunList'), runs: z.array(runResource), next });

/** A page of a run's units, by namespace and service account. */
export const unitList = z.strictObject({ apiVersion, kind: z.literal('UnitList'), run: z.string(), units: z.array(unitSchema), next });

/** Where the page of a run can be read, and until when. */
export const pageLink = z.strictObject({
  apiVersion,
  kind: z.literal('PageLink'),
  run: z.string(),
  url: z.string().describe('Opens the page for whoever has it'),
  expiresAt: time.describe('Until then at most'),
});

export type RunResource = z.output<typeof runResource>;
export type RunList = z.output<typeof runList>;
export type UnitList = z.output<typeof unitList>;
export type PageLinkResource = z.output<typeof pageLink>;

/** The run without what is the journal's own. */
export function describeRun(run: RunRecord): RunResource {
  return {
    apiVersion: 'podshift/v1',
    kind: 'Run',
    id: run.runId,
    status: run.status,
    reason: run.reason,
    cluster: run.clusterArn,
    target: describeTarget(run.target),
    digest: run.digest,
    requester: run.requester ?? null,
    approval: describeApproval(run),
    options: run.options,
    startedAt: run.startedAt,
    endedAt: run.endedAt,
    calls: { ...run.calls },
  };
}

/** A run and its units, of which one that has ended needs none: its record has counted them. */
export interface StandingRun {
  readonly run: RunRecord;
  readonly units: readonly UnitRecord[];
}

/** The run with the words for how it stands at `now`, in milliseconds since the epoch. */
export function describeStanding({ run, units }: StandingRun, now: number): RunResource {
  // Whether an execution carries it, the service's own watch sees. What to do about it is in the words of whoever asks.
  const { name, text, attention } = stateOf(factsOfRecords(run, units), { kind: 'unknown' }, now, PLAINLY);
  return { ...describeRun(run), state: { name, text, attention } };
}

/** The same with its plan, as long as that is only proposed. */
export function describeProposal(standing: StandingRun, plan: Plan | undefined, now: number): RunResource {
  const described = describeStanding(standing, now);
  if (plan === undefined || !isProposal(standing.run)) return described;
  const contents = describePlan({ ...plan, options: standing.run.options });
  return JSON.stringify(contents).length > MAX_PLAN_LENGTH ? described : { ...described, plan: contents };
}

/** Without the external id: whoever reads a run could assume the role with it, if the role trusted them. */
function describeTarget({ clusterName, region, assumeRoleArn }: RunRecord['target']): RunResource['target'] {
  return { clusterName, region, assumeRoleArn };
}

/** A page of runs; `next` is a cursor. */
export function describeRuns(runs: readonly StandingRun[], next: string | null, now: number): RunList {
  return { apiVersion: 'podshift/v1', kind: 'RunList', runs: runs.map((one) => describeStanding(one, now)), next };
}

/** A link to the page of a run. */
export function describePageLink(run: string, { url, expiresAt }: PageLink): PageLinkResource {
  return { apiVersion: 'podshift/v1', kind: 'PageLink', run, url, expiresAt };
}

/** A page of a run's units, as the report shows them; `next` is a cursor. */
export function describeUnits(runId: string, units: readonly UnitRecord[], next: string | null): UnitList {
  return { apiVersion: 'podshift/v1', kind: 'UnitList', run: runId, units: units.map((unit) => describeUnit(unit.plan, unit)), next };
}
