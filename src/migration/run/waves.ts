import type { RunRecord, UnitRecord } from '../../model/run.ts';
import { MOST_ID_BYTES, type RoleBatch, roleBatches } from '../batch/batch.ts';
import type { JournalRuntime } from '../runtime.ts';
import { forwardRun } from '../write.ts';

/** How a unit stands that was not migrated, or will not be. */
const FAILED: ReadonlySet<UnitRecord['status']> = new Set(['rolling-back', 'rolled-back', 'held']);
/** How one ends that was let in, and does not stay. */
const BACK: ReadonlySet<UnitRecord['status']> = new Set(['rolled-back', 'held']);

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
 * other wave (next-step.ts), and confirms what soaks; units of the wave of which nothing was begun are held, whichever wave halted it. Each
 * unit that went back is marked with the execution that judged it: one that resumes the run judges it again, since nobody knows whether its
 * role was written.
 */
export async function judgeWave(runtime: JournalRuntime, input: { runId: string; wave: number }): Promise<JudgeWaveOutput> {
  const run = await forwardRun(runtime, input.runId);
  const all = await runtime.journal.listUnits(run.runId);
  const planned = all.filter(({ plan }) => plan.decision === 'migrate');
  const found = planned.filter((unit) => unit.plan.wave === input.wave);
  const judgement = judgementOf(run, found, input.wave);
  // The rollback of the whole run is another execution's work; it finds the reason with the run.
  if (judgement.decision === 'rollback') await runtime.journal.updateRun(run.runId, { reason: judgement.reason });
  const halted = judgement.decision === 'rollback' ? '' : reasonToHalt(run, planned);
  const isUnbegun = (unit: UnitRecord): boolean => halted !== '' && !isBegun(unit, found);
  const judged = (await runtime.journal.carrier(run.runId))?.executionId ?? null;
  const back = found.filter((unit) => BACK.has(unit.status) || isUnbegun(unit));
  const roles = rolesOf(back);
  const fitting = rolesThatFit(roles);
  // In parts, those of an earlier one are not handed out again; without a mark nobody would know them.
  const roleArns =
    judged === null || fitting.length === roles.length ? roles : rolesThatFit(rolesOf(back.filter(({ facts }) => facts.judged !== judged)));
  const taken = new Set(roleArns);
  for (const unit of back) {
    if (!taken.has(unit.plan.roleArn)) continue;
    const { unitId, facts } = unit;
    if (facts.judged !== judged) await runtime.journal.updateUnit(run.runId, unitId, { facts: { judged } });
    if (isUnbegun(unit)) await runtime.journal.updateUnit(run.runId, unitId, { status: 'held', reason: halted, facts: { unbegun: true } });
  }
  return { ...judgement, roles: roleBatches(roleArns) };
}

function rolesOf(units: readonly UnitRecord[]): string[] {
  return [...new Set(units.map(({ plan }) => plan.roleArn))].sort();
}

/** As many of them as a state holds: NextStep lets the wave be judged again for the rest, whose units are not marked. */
function rolesThatFit(roleArns: readonly string[]): string[] {
  let left = MOST_ID_BYTES;
  return roleArns.filter((roleArn, index) => {
    left -= Buffer.byteLength(roleArn);
    return index === 0 || left >= 0;
  });
}

/** Whether a unit was begun, and has ended without the new way. */
export function isBack({ status, stepStartedAt }: UnitRecord): boolean {
  return BACK.has(status) && Object.keys(stepStartedAt).length > 0;
}

/** Whether anything was begun of a unit, or of another that the same update of an add-on moves. */
export function isBegun(unit: UnitRecord, all: readonly UnitRecord[]): boolean {
  const addon = unit.plan.addon?.name;
  return (
    unit.status !== 'pending' || (addon !== undefined && all.some(({ status, plan }) => status !== 'pending' && plan.addon?.name === addon))
  );
}

/** Why no other wave begins, nor any further unit; empty where one may. */
export function reasonToHalt(run: RunRecord, planned: readonly UnitRecord[]): string {
  for (const [wave, units] of Map.groupBy(planned, ({ plan }) => plan.wave ?? 0)) {
    // One whose turn had not come when the window closed has not failed.
    if (units.every(({ stepStartedAt }) => Object.keys(stepStartedAt).length === 0)) continue;
    const { decision, reason } = judgementOf(run, units, wave);
    if (decision !== 'go-on') return reason;
  }
  return '';
}

/** Whether the run goes on after what became of the units of a wave so far. People count waves from 1. */
export function judgementOf(run: RunRecord, units: readonly UnitRecord[], wave: number): Omit<JudgeWaveOutput, 'roles'> {
  const operator = units.filter((unit) => unit.status === 'needs-operator');
  if (operator.length > 0)
    return { decision: 'halt', reason: `wave ${wave + 1} was halted: ${operator.length} of its units need an operator` };
  // What somebody deleted meanwhile has not failed, nor has what was never begun.
  const failed = units.filter(({ status, facts }) => FAILED.has(status) && facts.gone !== true && facts.unbegun !== true);
  const percent = (failed.length * 100) / Math.max(1, units.length);
  const over = failed.length > 0 && (wave === 0 || percent > run.options.failureThresholdPercent);
  if (!over) return { decision: 'go-on', reason: '' };
  const reason = `wave ${wave + 1} failed: ${failed.length} of ${units.length} units were not migrated (${failed[0]?.unitId}: ${failed[0]?.reason})`;
  return { decision: run.options.onWaveFailure === 'rollback' ? 'rollback' : 'halt', reason };
}
