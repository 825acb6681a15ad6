import type { RunRecord, UnitRecord } from '../../model/run.ts';
import { type RoleBatch, roleBatches } from '../batch/batch.ts';
import type { JournalRuntime } from '../runtime.ts';
import { forwardRun } from '../write.ts';

/** How a unit stands that was not migrated, or will not be. */
const FAILED: ReadonlySet<UnitRecord['status']> = new Set(['rolling-back', 'rolled-back', 'held']);

/** What follows a wave. */
export interface JudgeWaveOutput {
  readonly decision: 'go-on' | 'halt' | 'rollback';
  readonly reason: string;
  /** Roles of units that went back: what was let in for them has to go again. */
  readonly roles: readonly RoleBatch[];
}

/**
 * Whether the run goes on, after the units of a wave were migrated and again after they were confirmed: the canary wave allows no failure,
 * later ones as many as the option's share, and a unit that needs an operator halts the run in any case. A run that is halted begins no
 * other wave (next-step.ts), and confirms what soaks.
 */
export async function judgeWave(runtime: JournalRuntime, input: { runId: string; wave: number }): Promise<JudgeWaveOutput> {
  const run = await forwardRun(runtime, input.runId);
  const all = await runtime.journal.listUnits(run.runId);
  const units = all.filter((unit) => unit.plan.decision === 'migrate' && unit.plan.wave === input.wave);
  const judgement = judgementOf(run, units, input.wave);
  // The rollback of the whole run is another execution's work; it finds the reason with the run.
  if (judgement.decision === 'rollback') await runtime.journal.updateRun(run.runId, { reason: judgement.reason });
  const back = units.filter((unit) => unit.status === 'rolled-back' || unit.status === 'held');
  const roleArns = [...new Set(back.map((unit) => unit.plan.roleArn))].sort();
  return { ...judgement, roles: roleBatches(roleArns) };
}

/** Whether the run goes on after what became of the units of a wave so far. */
export function judgementOf(run: RunRecord, units: readonly UnitRecord[], wave: number): Omit<JudgeWaveOutput, 'roles'> {
  const operator = units.filter((unit) => unit.status === 'needs-operator');
  if (operator.length > 0) return { decision: 'halt', reason: `wave ${wave} was halted: ${operator.length} of its units need an operator` };
  // What somebody deleted meanwhile has not failed.
  const failed = units.filter((unit) => FAILED.has(unit.status) && unit.facts.gone !== true);
  const percent = (failed.length * 100) / Math.max(1, units.length);
  const over = failed.length > 0 && (wave === 0 || percent > run.options.failureThresholdPercent);
  if (!over) return { decision: 'go-on', reason: '' };
  const reason = `wave ${wave} failed: ${failed.length} of ${units.length} units were not migrated (${failed[0]?.unitId}: ${failed[0]?.reason})`;
  return { decision: run.options.onWaveFailure === 'rollback' ? 'rollback' : 'halt', reason };
}
