import { withTimeAnew } from '../pauses.ts';
import { isEnd } from '../run/outcome.ts';
import type { JournalRuntime } from '../runtime.ts';
import { type Failure, reasonOf } from '../trust/grant-trust.ts';
import { forwardRun, requireRunning, type UnitInput } from '../write.ts';

/** What becomes of a unit that a batch begins with. */
export interface OpenUnitOutput {
  readonly action: 'go-on' | 'undo' | 'none';
}

/**
 * Begins a unit, or takes it up where a crash left it: a rollback that was begun is gone on with, an end stays an end. `part` says
 * whether it begins its migration, or what comes after its soak.
 */
export async function openUnit(
  runtime: JournalRuntime,
  { runId, unitId, part }: UnitInput & { readonly part: 'migrate' | 'confirm' },
): Promise<OpenUnitOutput> {
  await forwardRun(runtime, runId);
  const unit = await runtime.journal.getUnit(runId, unitId);
  if (isEnd(unit)) return { action: 'none' };
  if (unit.status === 'rolling-back') return { action: 'undo' };
  // A part that is begun again goes through its steps with the whole time of each: nobody looked while its process was dead.
  const isAgain = part === 'confirm' ? unit.stepStartedAt.soak !== undefined : unit.status === 'running';
  if (unit.status === 'pending') await runtime.journal.updateUnit(runId, unitId, { status: 'running' });
  else if (isAgain) await runtime.journal.updateUnit(runId, unitId, { facts: withTimeAnew(runtime.clock, unit) });
  return { action: 'go-on' };
}

/** What every workflow of a unit answers. */
export interface UnitOutput {
  readonly unitId: string;
  readonly status: string;
}

/** The unit is migrated: every step before this one has proved its part. Throws `LockLost` for a unit that rolls back or has ended otherwise. */
export async function finishUnit(runtime: JournalRuntime, input: UnitInput): Promise<UnitOutput> {
  await forwardRun(runtime, input.runId);
  const unit = await runtime.journal.getUnit(input.runId, input.unitId);
  if (unit.status !== 'migrated') {
    requireRunning(unit);
    await runtime.journal.updateUnit(input.runId, input.unitId, { status: 'migrated', reason: '' });
  }
  return { unitId: input.unitId, status: 'migrated' };
}

/** The rollback failed: what an operator has to look at is the reason. */
export async function markNeedsOperator(runtime: JournalRuntime, input: UnitInput & { failure: Failure }): Promise<UnitOutput> {
  const unit = await runtime.journal.getUnit(input.runId, input.unitId);
  const first = unit.reason === '' ? '' : ` (it was rolled back because ${unit.reason})`;
  await runtime.journal.updateUnit(input.runId, input.unitId, { status: 'needs-operator', reason: `${reasonOf(input.failure)}${first}` });
  return { unitId: input.unitId, status: 'needs-operator' };
}
