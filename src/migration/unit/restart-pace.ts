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

/** Of each unit of a plan that is in a wave: how many pods those renew that come ahead of it there. */
const aheadIn = new WeakMap<Plan, ReadonlyMap<string, number>>();

function podsAhead(plan: Plan): ReadonlyMap<string, number> {
  const known = aheadIn.get(plan);
  if (known !== undefined) return known;
  const ahead = new Map<string, number>();
  for (const units of Map.groupBy(plan.units, ({ wave }) => wave).values()) {
    let pods = 0;
    for (const unit of units.toSorted((a, b) => Number(a.id > b.id) - Number(a.id < b.id))) {
      ahead.set(unit.id, pods);
      pods += podsOf([unit]);
    }
  }
  aheadIn.set(plan, ahead);
  return ahead;
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
