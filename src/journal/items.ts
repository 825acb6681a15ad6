import { z } from 'zod';
import { PodshiftError } from '../model/errors.ts';
import type { MigrationOptions } from '../model/options.ts';
import type { UnitPlan } from '../model/plan.ts';
import type { CallCounts, Evidence, JournalEntry, RoleRecord, RunRecord, UnitRecord } from '../model/run.ts';
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
  calls: z.object({ eks: z.number(), iam: z.number(), sts: z.number(), kubernetes: z.number(), cloudtrail: z.number() }),
});

const unitItem = z.object({
  runId: z.string(),
  unitId: z.string(),
  plan: z.string(),
  status: z.enum(['pending', 'running', 'rolling-back', 'migrated', 'held', 'rolled-back', 'needs-operator']),
  reason: z.string(),
  stepStartedAt: z.record(z.string(), z.string()),
  facts: z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()])),
});

const roleItem = z.object({ runId: z.string(), roleArn: z.string(), trustBefore: z.string(), trustAfter: z.string(), blocked: z.string() });

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
});

const evidenceItem = z.object({ unitId: z.string(), evidence: z.string() });

/** Throws `InternalError` for an item that this version did not write so. */
function parse<T>(schema: z.ZodType<T>, item: Item): T {
  const parsed = schema.safeParse(item);
  if (!parsed.success) {
    const fields = parsed.error.issues.map((issue) => issue.path.join('.')).join(', ');
    throw new PodshiftError('InternalError', `the journal's item ${item.pk} ${item.sk} is damaged: ${fields}`);
  }
  return parsed.data;
}

/** JSON text of any value; undefined, which JSON lacks, becomes null. */
export function json(value: unknown): string {
  return JSON.stringify(value ?? null);
}

export function readRun(item: Item): RunRecord {
  const { target, options, ...rest } = parse(runItem, item);
  return {
    ...rest,
    calls: rest.calls satisfies CallCounts,
    target: JSON.parse(target) as RunRecord['target'],
    options: JSON.parse(options) as MigrationOptions,
  };
}

export function writeUnit(unit: UnitRecord): Item {
  return { ...unit, plan: json(unit.plan), stepStartedAt: { ...unit.stepStartedAt }, facts: { ...unit.facts } };
}

export function readUnit(item: Item): UnitRecord {
  const { plan, ...rest } = parse(unitItem, item);
  return { ...rest, plan: JSON.parse(plan) as UnitPlan };
}

export function readRole(item: Item): RoleRecord {
  return parse(roleItem, item);
}

export function readEntry(item: Item): JournalEntry {
  const { before, after, ...rest } = parse(entryItem, item);
  return { ...rest, before: JSON.parse(before), after: JSON.parse(after) };
}

export function readEvidence(item: Item): { unitId: string; evidence: Evidence } {
  const { unitId, evidence } = parse(evidenceItem, item);
  return { unitId, evidence: JSON.parse(evidence) as Evidence };
}
