import type { UnitRecord } from '../../model/run.ts';
import { withoutPauses } from '../pauses.ts';
import type { JournalRuntime } from '../runtime.ts';
import { type Failure, reasonOf } from '../trust/grant-trust.ts';
import type { UnitInput } from '../write.ts';

/** The error that rollback-run hands on (statemachine/rollback-run.asl.yaml). */
export const ROLLED_BACK = 'RolledBack';

/** Why a unit goes back: what was caught, or what a user wrote. */
export type UndoInput = UnitInput & { readonly failure: Failure };

/** Notes that a unit rolls back, and why; from now on no forward step of it writes. Answers whether there is anything to roll back. */
export async function turnBack(runtime: JournalRuntime, input: UndoInput): Promise<boolean> {
  const found = await runtime.journal.getUnit(input.runId, input.unitId);
  if (await isOver(runtime, found, input)) return false;
  if (found.status !== 'rolling-back') await beginBack(runtime, found, reasonOf(input.failure));
  return true;
}

/**
 * Nothing to undo, or not on this word: a unit that is migrated rolls back with its run alone, never because a step of it was
 * delivered late and found it so.
 */
export async function isOver(runtime: JournalRuntime, unit: UnitRecord, { failure }: UndoInput): Promise<boolean> {
  if (unit.status === 'rolled-back' || unit.status === 'held') return true;
  if (unit.status !== 'migrated') return false;
  return failure.Error !== ROLLED_BACK || (await runtime.journal.listEntries(unit.runId, unit.unitId)).length === 0;
}

/** A rollback that begins, or begins again after an operator fixed something, has its whole time. */
export async function beginBack(runtime: JournalRuntime, found: UnitRecord, reason: string): Promise<UnitRecord> {
  return runtime.journal.updateUnit(found.runId, found.unitId, {
    status: 'rolling-back',
    reason,
    facts: { undoSince: runtime.clock.now(), undoHits: 0, renewal: null, ...withoutPauses('undo') },
  });
}
