import type { Plan, UnitPlan } from '../../model/plan.ts';
import { planOf } from '../run/plan-run.ts';
import type { JournalRuntime } from '../runtime.ts';
import type { UnitContext } from '../write.ts';

/** How many pods the restarts of these units renew. */
export function podsOf(units: readonly Pick<UnitPlan, 'workloads'>[]): number {
  return units
    .flatMap((one) => one.workloads)
    .filter((workload) => workload.restart !== 'none')
    .reduce((sum, workload) => sum + (workload.replicas ?? 1), 0);
}

/**
 * Whole seconds until the unit's pods may be restarted, so that a wave renews no more pods a minute than the option allows:
 * EKS Auth throttles an agent whose pods all come at once. Units take their minutes in order of their ids, each from its own
 * beginning: no two functions have to talk to each other for that.
 */
export async function secondsUntilRestart(runtime: JournalRuntime, { run, unit }: UnitContext): Promise<number> {
  const ahead = podsAhead(await planOf(runtime, run.runId)).get(unit.unitId) ?? 0;
  const minute = Math.floor(ahead / run.options.restartPodsPerMinute);
  const begun = Date.parse(unit.stepStartedAt.associate ?? run.startedAt);
  return Math.max(0, Math.ceil((begun + minute * 60_000 - runtime.clock.now()) / 1000));
}

const known = new WeakMap<Plan, ReadonlyMap<string, number>>();

/** How many pods are renewed ahead of each unit of a plan, by the units of its wave whose ids sort before its own. Counted once a plan. */
function podsAhead(plan: Plan): ReadonlyMap<string, number> {
  const counted = known.get(plan);
  if (counted !== undefined) return counted;
  const ahead = new Map<string, number>();
  for (const wave of Map.groupBy(plan.units, (unit) => unit.wave).values()) {
    let pods = 0;
    for (const unit of wave.sort((one, other) => Number(one.id > other.id) - Number(one.id < other.id))) {
      ahead.set(unit.id, pods);
      pods += podsOf([unit]);
    }
  }
  known.set(plan, ahead);
  return ahead;
}
