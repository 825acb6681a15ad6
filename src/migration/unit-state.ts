import { type Failure, reasonOf } from './grant-trust.ts';
import { isEnd } from './outcome.ts';
import type { Runtime } from './runtime.ts';
import { forwardRun, type UnitInput } from './write.ts';

/** What a unit's own workflow does first. */
export interface OpenUnitOutput {
  readonly action: 'migrate' | 'update-addon' | 'undo' | 'none';
}

/** Begins a unit, or takes it up where a crash left it: a way back that was begun is gone on with, an end stays an end. */
export async function openUnit(runtime: Runtime, input: UnitInput): Promise<OpenUnitOutput> {
  await forwardRun(runtime, input.runId);
  const unit = await runtime.journal.getUnit(input.runId, input.unitId);
  if (isEnd(unit)) return { action: 'none' };
  if (unit.status === 'rolling-back') return { action: 'undo' };
  if (unit.status === 'pending') await runtime.journal.updateUnit(input.runId, input.unitId, { status: 'running' });
  return { action: unit.plan.addon === undefined ? 'migrate' : 'update-addon' };
}

/** What every workflow of a unit answers. */
export interface UnitOutput {
  readonly unitId: string;
  readonly status: string;
}

/** The unit is migrated: every step before this one has proved its part. */
export async function finishUnit(runtime: Runtime, input: UnitInput): Promise<UnitOutput> {
  await forwardRun(runtime, input.runId);
  await runtime.journal.updateUnit(input.runId, input.unitId, { status: 'migrated', reason: '' });
  return { unitId: input.unitId, status: 'migrated' };
}

/** The way back failed: what an operator has to look at is the reason. */
export async function markNeedsOperator(runtime: Runtime, input: UnitInput & { failure: Failure }): Promise<UnitOutput> {
  const unit = await runtime.journal.getUnit(input.runId, input.unitId);
  const first = unit.reason === '' ? '' : ` (it was rolled back because ${unit.reason})`;
  await runtime.journal.updateUnit(input.runId, input.unitId, { status: 'needs-operator', reason: `${reasonOf(input.failure)}${first}` });
  return { unitId: input.unitId, status: 'needs-operator' };
}
