import type { Journal } from '../../journal/journal.ts';
import type { MigrationOptions } from '../../model/options.ts';
import type { Plan } from '../../model/plan.ts';
import type { EntryKind, JournalEntry, UnitStep } from '../../model/run.ts';
import { type PlannedChange, TRUST_FIELD } from '../../plan/changes.ts';
import { describePlan } from '../report.ts';

/** What plan and journal know of a run beyond its report. Nothing of it is worked out anew. */
export interface PageFacts {
  /** Undefined where the run never had a plan. */
  readonly options: MigrationOptions | undefined;
  /** Every field that the plan would change. */
  readonly changes: readonly PlannedChange[];
  /** In the order in which they were intended. */
  readonly writes: readonly PageWrite[];
  /** By `NAMESPACE/SERVICEACCOUNT`. */
  readonly times: ReadonlyMap<string, UnitTimes>;
}

/** One write of podshift's. */
export type PageWrite = Pick<JournalEntry, 'key' | 'unitId' | 'kind' | 'object' | 'state' | 'at'>;

/** When a unit came to its steps (RFC 3339), and until when it soaks; undefined where it did not come so far. */
export interface UnitTimes {
  readonly steps: Readonly<Partial<Record<UnitStep, string>>>;
  readonly soakUntil: string | undefined;
}

/** Reads what the page of a run shows besides its report. Throws `RunNotFound`, and what reads of the journal throw. */
export async function pageFacts(journal: Journal, runId: string): Promise<PageFacts> {
  const run = await journal.getRun(runId);
  // the plan step alone writes this document
  const plan = (await journal.getDocument(runId, 'plan')) as Plan | undefined;
  const units = await journal.listUnits(runId);
  const entries = await journal.listEntries(runId);
  return {
    options: plan === undefined ? undefined : run.options,
    changes: plan === undefined ? [] : describePlan({ ...plan, options: run.options }).changes,
    writes: entries
      .toSorted((a, b) => a.sequence - b.sequence)
      .map(({ key, unitId, kind, object, state, at }) => ({ key, unitId, kind, object, state, at })),
    times: new Map(
      units.map(({ unitId, stepStartedAt, facts: { soakUntil } }) => [
        unitId,
        { steps: stepStartedAt, soakUntil: typeof soakUntil === 'string' ? soakUntil : undefined },
      ]),
    ),
  };
}

/** The write that carried a change out, or will; undefined where none was begun. */
export function writeOf({ object, field }: Pick<PlannedChange, 'object' | 'field'>, writes: WritesByObject): PageWrite | undefined {
  const at = object.replace(/^PodIdentityAssociation\//, 'ServiceAccount/').replace(/^Role\//, '');
  const found = [...(writes.get(at) ?? []), ...(writes.get(at.replace(/^Addon\//, '')) ?? [])];
  const fitting = found.filter(({ kind }) => kindsOf(object, field).includes(kind));
  // Of several service accounts of an add-on, one writes for all.
  return fitting.findLast(({ state }) => state !== 'intended') ?? fitting.at(-1);
}

/** Writes by the object that the journal names. */
export type WritesByObject = ReadonlyMap<string, readonly PageWrite[]>;

/** Which kinds of journal entries change a field (src/plan/changes.ts names the fields). */
function kindsOf(object: string, field: string): readonly EntryKind[] {
  if (field === TRUST_FIELD) return ['trust'];
  if (object.startsWith('PodIdentityAssociation/')) return ['association'];
  if (object.startsWith('Addon/')) return ['addon'];
  if (field === 'restart') return ['restart', 'eviction'];
  if (field === 'subjects') return ['binding'];
  if (field === '') return ['service-account', 'rule'];
  if (field.startsWith('template.')) return ['template', 'annotations'];
  return field.startsWith('metadata.annotations.') ? ['annotations'] : ['daemon', 'rule'];
}
