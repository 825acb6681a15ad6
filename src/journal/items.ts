import { z } from 'zod';
import type { WriteRequest } from '../model/audit/record.ts';
import { PodshiftError } from '../model/errors.ts';
import type { Finding } from '../model/findings.ts';
import { type MigrationOptions, migrationOptions } from '../model/options.ts';
import type { UnitPlan } from '../model/plan.ts';
import type { Requester, RunRequest, RunTerms } from '../model/requester.ts';
import {
  type ApprovalAnswer,
  type CallCounts,
  type DriftRecord,
  type Evidence,
  JOURNAL_VERSION,
  type JournalEntry,
  type RoleRecord,
  type RunRecord,
  type TrustWrite,
  type UnitRecord,
} from '../model/run.ts';
import type { KeyClaim } from './journal.ts';
import type { Item } from './table.ts';

/**
 * Items as they lie in the table. What steps change part by part are attributes or maps of their own; what is written once
 * and read whole (plans, before-images, facts) is JSON text: it comes back exactly as it went in.
 */
const runItem = z.object({
  runId: z.string(),
  target: z.string(),
  options: z.string(),
  clusterArn: z.string(),
  status: z.enum(['pending', 'running', 'rolling-back', 'planned', 'migrated', 'held', 'rolled-back', 'needs-operator']),
  reason: z.string(),
  digest: z.string(),
  startedAt: z.string(),
  endedAt: z.string().nullable(),
  /** Runs of earlier days lack these. */
  approval: z.string().optional(),
  rollbackStartedAt: z.string().optional(),
  rollbackReason: z.string().optional(),
  podshift: z.string().optional(),
  endedBy: z.string().optional(),
  audit: z.object({ records: z.number(), hash: z.string() }).optional(),
  requester: z.string().optional(),
  terms: z.string().optional(),
  calls: z.object({ eks: z.number(), iam: z.number(), sts: z.number(), kubernetes: z.number(), cloudtrail: z.number() }),
  unitCounts: z
    .object({ pending: z.number(), migrated: z.number(), held: z.number(), rolledBack: z.number(), needsOperator: z.number() })
    .optional(),
});

const unitItem = z.object({
  runId: z.string(),
  unitId: z.string(),
  status: z.enum(['pending', 'running', 'rolling-back', 'migrated', 'held', 'rolled-back', 'needs-operator']),
  reason: z.string(),
  stepStartedAt: z.record(z.string(), z.string()),
  facts: z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()])),
});

const planItem = z.object({ unitId: z.string(), plan: z.string() });

const roleItem = z.object({
  runId: z.string(),
  roleArn: z.string(),
  trustBefore: z.string(),
  /** Absent while it is the one of before; always there in journal version 1. */
  trustAfter: z.string().optional(),
  blocked: z.string(),
  /** Roles that were not written, and those of earlier versions, lack the rest. */
  writes: z.string().optional(),
  putBack: z.string().optional(),
  shared: z.literal(true).optional(),
});

const entryItem = z.object({
  runId: z.string(),
  key: z.string(),
  unitId: z.string().nullable(),
  kind: z.enum([
    'trust',
    'association',
    'restart',
    'eviction',
    'annotations',
    'probe-pod',
    'addon',
    'service-account',
    'binding',
    'template',
    'daemon',
    'rule',
  ]),
  object: z.string(),
  before: z.string(),
  after: z.string(),
  state: z.enum(['intended', 'applied', 'undone']),
  sequence: z.number(),
  at: z.string(),
  /** Entries of earlier days lack both. */
  triedAt: z.string().optional(),
  /** Until when each try may be under way, by its id; 0 once it has told its end. */
  tries: z.record(z.string(), z.number()).optional(),
  /** Entries of earlier days lack the rest. What each try asked for, by its id: JSON. */
  requests: z.record(z.string(), z.string()).optional(),
  appliedAt: z.string().optional(),
  undoneAt: z.string().optional(),
  undoRequests: z.string().optional(),
});

const claimItem = z.object({ runId: z.string(), fingerprint: z.string() });

const requestItem = z.object({ requester: z.string(), fingerprint: z.string() });

const tokenItem = z.object({ token: z.string(), answer: z.string().optional() });

const evidenceItem = z.object({ unitId: z.string(), evidence: z.string() });

const driftItem = z.object({
  runId: z.string(),
  clusterArn: z.string(),
  comparedWith: z.string().nullable(),
  since: z.string().nullable(),
  total: z.number(),
  findings: z.string(),
});

/** Throws `InternalError` for an item that this version did not write so. */
export function parseItem<T>(schema: z.ZodType<T>, item: Item): T {
  const parsed = schema.safeParse(item);
  if (!parsed.success) {
    const fields = parsed.error.issues.map((issue) => issue.path.join('.')).join(', ');
    throw new PodshiftError('InternalError', `the journal's item ${item.pk} ${item.sk} is damaged: ${fields}`);
  }
  return parsed.data;
}

/** The item of a run or a fleet, named by `what`. Throws `JournalTooNew` for one of a newer version. */
export function checkVersion(item: Item, what: string): Item {
  if ((item.schemaVersion as number) > JOURNAL_VERSION) {
    throw new PodshiftError(
      'JournalTooNew',
      `${what} was written in journal version ${item.schemaVersion}; this podshift reads up to ${JOURNAL_VERSION}`,
    );
  }
  return item;
}

/** JSON text of any value; undefined, which JSON lacks, becomes null. */
export function json(value: unknown): string {
  return JSON.stringify(value ?? null);
}

const DEFAULT_OPTIONS = migrationOptions.parse({});

/** The run of an item. */
export function readRun(item: Item): RunRecord {
  const { target, options, approval = 'null', requester, terms, ...rest } = parseItem(runItem, item);
  return {
    ...rest,
    ...(requester === undefined ? {} : { requester: JSON.parse(requester) as Requester }),
    ...(terms === undefined ? {} : { terms: JSON.parse(terms) as RunTerms }),
    approval: JSON.parse(approval) as RunRecord['approval'],
    calls: rest.calls satisfies CallCounts,
    target: JSON.parse(target) as RunRecord['target'],
    // A run of an earlier version lacks the keys that are newer.
    options: { ...DEFAULT_OPTIONS, ...(JSON.parse(options) as MigrationOptions) },
  };
}

/** The item of a unit; its plan is part of it unless that lies `apart`. */
export function writeUnit({ plan, ...unit }: UnitRecord, apart: boolean): Item {
  return { ...unit, ...(apart ? {} : { plan: json(plan) }), stepStartedAt: { ...unit.stepStartedAt }, facts: { ...unit.facts } };
}

/** How a unit stands, by its item. */
export function readUnitState(item: Item): Omit<UnitRecord, 'plan'> {
  return parseItem(unitItem, item);
}

/** The item of a unit's plan. */
export function writePlan({ runId, unitId, plan }: UnitRecord): Item {
  return { runId, unitId, plan: json(plan) };
}

/** The plan of an item. */
export function readPlan(item: Item): UnitPlan {
  return JSON.parse(parseItem(planItem, item).plan) as UnitPlan;
}

/** The plan in a unit's own item; undefined where it lies apart. */
export function ownPlan(item: Item): UnitPlan | undefined {
  return item.plan === undefined ? undefined : readPlan(item);
}

/** The item of a role, or the attributes of some of its fields. */
export function writeRole<Fields extends Partial<RoleRecord>>({ writes, putBack, ...role }: Fields): Item {
  return {
    ...role,
    ...(writes === undefined ? {} : { writes: json(writes) }),
    ...(putBack === undefined ? {} : { putBack: json(putBack) }),
  };
}

/** The item of a new role: a document that is the same as before is not in it twice. */
export function writeNewRole({ trustAfter, ...role }: RoleRecord, version: number): Item {
  return writeRole(version > 1 && trustAfter === role.trustBefore ? role : { ...role, trustAfter });
}

/** The role of an item. */
export function readRole(item: Item): RoleRecord {
  const { writes = '[]', putBack = '[]', shared, trustBefore, trustAfter = trustBefore, ...rest } = parseItem(roleItem, item);
  const role = { ...rest, trustBefore, trustAfter };
  const lists = { writes: JSON.parse(writes) as TrustWrite[], putBack: JSON.parse(putBack) as string[] };
  return {
    ...role,
    ...(shared === undefined ? {} : { shared }),
    ...(lists.writes.length === 0 ? {} : { writes: lists.writes }),
    ...(lists.putBack.length === 0 ? {} : { putBack: lists.putBack }),
  };
}

/** The entry of an item. */
export function readEntry(item: Item): JournalEntry {
  const { before, after, tries = {}, requests, undoRequests, ...rest } = parseItem(entryItem, item);
  const openUntil = Math.max(0, ...Object.values(tries));
  return {
    ...rest,
    before: JSON.parse(before),
    after: JSON.parse(after),
    ...(openUntil === 0 ? {} : { openUntil }),
    ...(requests === undefined ? {} : { requests: requestsOf(requests) }),
    ...(undoRequests === undefined ? {} : { undoRequests: JSON.parse(undoRequests) as WriteRequest[] }),
  };
}

/** The requests of all tries, in the order of their ids: later ones sort after earlier ones. */
function requestsOf(byTry: Readonly<Record<string, string>>): WriteRequest[] {
  const tries = Object.entries(byTry).sort(([a], [b]) => Number(a > b) - Number(a < b));
  return tries.flatMap(([, requests]) => JSON.parse(requests) as WriteRequest[]);
}

/** The evidence of an item, and whose it is. */
export function readEvidence(item: Item): { unitId: string; evidence: Evidence } {
  const { unitId, evidence } = parseItem(evidenceItem, item);
  return { unitId, evidence: JSON.parse(evidence) as Evidence };
}

/** The item of a drift. */
export function writeDrift(drift: DriftRecord): Item {
  return { ...drift, findings: json(drift.findings) };
}

/** The drift of an item. */
export function readDrift(item: Item): DriftRecord {
  const { findings, ...rest } = parseItem(driftItem, item);
  return { ...rest, findings: JSON.parse(findings) as Finding[] };
}

/** The claim of an item. */
export function readClaim(item: Item): KeyClaim {
  return parseItem(claimItem, item);
}

/** The request of an item. */
export function readRequest(item: Item): RunRequest {
  const { requester, fingerprint } = parseItem(requestItem, item);
  return { requester: JSON.parse(requester) as Requester, fingerprint };
}

/** A task token's item: the token and, where somebody answered, the answer. */
export function readToken(item: Item): { token: string; answer: ApprovalAnswer | undefined } {
  const { token, answer } = parseItem(tokenItem, item);
  return { token, answer: answer === undefined ? undefined : (JSON.parse(answer) as ApprovalAnswer) };
}
