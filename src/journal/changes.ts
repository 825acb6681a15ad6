import type { UnitPlan } from '../model/plan.ts';
import type { DriftRecord, Evidence, RunRecord, UnitRecord } from '../model/run.ts';
import { checkVersion, ownPlan, readDrift, readEvidence, readRun, readUnitState } from './items.ts';
import { type Key, UNITS } from './layout.ts';
import type { Item } from './table.ts';

/** A unit as one item of it says; its plan lies apart, but for runs of journal version 1. */
export type UnitState = Omit<UnitRecord, 'plan'> & { readonly plan?: UnitPlan | undefined };

/** What one write changed in the journal, as far as somebody outside wants to know. `before` is null for what is new. */
export type Change =
  | { readonly kind: 'run'; readonly before: RunRecord | null; readonly after: RunRecord }
  | { readonly kind: 'unit'; readonly before: UnitState | null; readonly after: UnitState }
  | { readonly kind: 'evidence'; readonly runId: string; readonly unitId: string; readonly evidence: Evidence }
  | { readonly kind: 'drift'; readonly after: DriftRecord };

/** The part of an item's key that says that a {@link Change} of it is worth reading; nothing else need be decoded. */
export function isWatched({ pk, sk }: Key): boolean {
  return pk.startsWith('RUN#') && (sk === 'RUN' || sk === 'DRIFT' || sk.startsWith(UNITS) || sk.startsWith('EVIDENCE#'));
}

/**
 * Reads the two images of an item around one write; `before` is undefined for a new item, `after` for a deleted one.
 * Undefined for a write that concerns nobody: another kind of item, evidence or drift that was there, a deletion (nothing
 * but the table's retention deletes). Throws `InternalError` for a damaged item, `JournalTooNew` for a newer run.
 */
export function readChange(key: Key, before: Item | undefined, after: Item | undefined): Change | undefined {
  if (after === undefined || !isWatched(key)) return undefined;
  const runId = key.pk.slice('RUN#'.length);
  if (key.sk === 'RUN') {
    const run = readRun(checkVersion(after, `run ${runId}`));
    return { kind: 'run', before: before === undefined ? null : readRun(checkVersion(before, `run ${runId}`)), after: run };
  }
  const stateOf = (item: Item): UnitState => ({ ...readUnitState(item), plan: ownPlan(item) });
  if (key.sk.startsWith(UNITS)) return { kind: 'unit', before: before === undefined ? null : stateOf(before), after: stateOf(after) };
  if (before !== undefined) return undefined;
  return key.sk === 'DRIFT' ? { kind: 'drift', after: readDrift(after) } : { kind: 'evidence', runId, ...readEvidence(after) };
}
