import type { RetirementPlan, RetirementRecord } from '../../model/retirement.ts';
import type { RoleRecord, RunStatus, UnitCounts, UnitRecord } from '../../model/run.ts';
import { OVERWRITTEN, UNRETIRED, UNREVOKED } from '../trust/block-role.ts';

/** How a run ends, and why. */
export interface Outcome {
  readonly status: Extract<RunStatus, 'migrated' | 'held' | 'rolled-back' | 'needs-operator'>;
  /** Empty for `migrated`; for `needs-operator` it names the action. */
  readonly reason: string;
}

/**
 * How a run over these units ends: `migrated` where each unit that was not held is migrated, and one is; `held` where
 * nothing could be; `rolled-back` where everything went back; `needs-operator` for all else. `halted` is why a wave was
 * halted, or what of the run itself could not be finished; empty where all went its way.
 */
export function outcomeOf(units: readonly UnitRecord[], roles: readonly RoleRecord[], halted: string): Outcome {
  const operator = units.filter((unit) => !isEnd(unit) || unit.status === 'needs-operator');
  const [first] = operator;
  if (first !== undefined) return needsOperator(`look at ${names(operator)}: ${first.reason === '' ? 'it did not end' : first.reason}`);
  const unrevoked = roles.find((role) => role.blocked.startsWith(UNREVOKED));
  if (unrevoked !== undefined) return needsOperator(`restore the trust policy of ${unrevoked.roleArn} by hand: ${unrevoked.blocked}`);
  const overwritten = roles.find((role) => role.blocked.startsWith(OVERWRITTEN));
  if (overwritten !== undefined) return needsOperator(`look at the trust policy of ${overwritten.roleArn}: ${overwritten.blocked}`);
  const back = units.filter((unit) => unit.status === 'rolled-back');
  // There is nothing to start again for what somebody deleted meanwhile.
  const rolledBack = back.filter((unit) => unit.facts.gone !== true);
  const migrated = units.filter((unit) => unit.status === 'migrated');
  // What was associated before the run is no work of the run.
  const byRun = migrated.filter((unit) => unit.plan.decision === 'migrate');
  if (halted !== '') return needsOperator(halted);
  if (rolledBack.length > 0 && byRun.length > 0) {
    const isAsked = rolledBack.every(({ reason }) => reason.startsWith('asked for '));
    return needsOperator(
      isAsked
        ? `${names(rolledBack)} were rolled back, as asked for, and the others are migrated; start a new run where they are to migrate after all`
        : `start a new run for ${names(rolledBack)} once their reasons are fixed: they were rolled back, the others are migrated`,
    );
  }
  if (rolledBack.length > 0) return { status: 'rolled-back', reason: rolledBack[0]?.reason ?? '' };
  const unretired = roles.find((role) => role.blocked.startsWith(UNRETIRED));
  if (unretired !== undefined)
    return needsOperator(`remove the old statement from the trust policy of ${unretired.roleArn} by hand: ${unretired.blocked}`);
  if (migrated.length > 0) return { status: 'migrated', reason: '' };
  if (back.length > 0) return { status: 'rolled-back', reason: back[0]?.reason ?? '' };
  return {
    status: 'held',
    reason: units.length === 0 ? 'no service account to migrate was found' : 'every service account is blocked; its findings say why',
  };
}

function needsOperator(reason: string): Outcome {
  return { status: 'needs-operator', reason };
}

/** What a run was to retire: its plan, whether it was to do nothing else, and what came of it. */
export interface RetirementWish {
  readonly alone: boolean;
  readonly plan: RetirementPlan | undefined;
  readonly record: RetirementRecord | undefined;
}

/**
 * How a run ends that was to retire a daemon, given how its units ended. A refusal is no failure of the migration; a run
 * that was to retire alone is held by it. A daemon that was put back, or that could not be, asks for an operator.
 */
export function outcomeWithRetirement(outcome: Outcome, { alone, plan, record }: RetirementWish): Outcome {
  const without = (reason: string): Outcome => (alone ? { status: 'held', reason } : outcome);
  if (plan === undefined) return without('the options name no daemon to retire');
  if (record === undefined) return without(plan.reason || 'its retirement did not begin');
  const { status, reason } = record;
  if (status === 'refused') return without(reason);
  if (status === 'retired' || status === 'done') return alone ? { status: 'migrated', reason: '' } : outcome;
  if (status !== 'restored')
    return needsOperator(`put ${plan.mechanism} back by hand, or roll this run back: ${reason || 'its retirement did not end'}`);
  if (alone) return { status: 'rolled-back', reason };
  if (outcome.status !== 'migrated') return outcome;
  return needsOperator(
    `retire ${plan.mechanism} once its reason is fixed: the service accounts are migrated, and it runs as before (${reason})`,
  );
}

/** How the units of a run stand at its end. */
export function countUnits(units: readonly UnitRecord[]): UnitCounts {
  const counts = { pending: 0, migrated: 0, held: 0, rolledBack: 0, needsOperator: 0 };
  for (const { status } of units) {
    if (status === 'pending' || status === 'migrated' || status === 'held') counts[status] += 1;
    else if (status === 'rolled-back') counts.rolledBack += 1;
    else counts.needsOperator += 1;
  }
  return counts;
}

/** Whether a unit has come to its end. */
export function isEnd(unit: UnitRecord): boolean {
  return unit.status === 'migrated' || unit.status === 'held' || unit.status === 'rolled-back' || unit.status === 'needs-operator';
}

function names(units: readonly UnitRecord[]): string {
  const shown = units
    .slice(0, 5)
    .map((unit) => unit.unitId)
    .join(', ');
  return units.length > 5 ? `${shown} and ${units.length - 5} more` : shown;
}
