import type { UnitPlan } from '../../model/plan.ts';
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
  const { units } = await planOf(runtime, run.runId);
  const ahead = units.filter((one) => one.wave === unit.plan.wave && one.id < unit.unitId);
  const minute = Math.floor(podsOf(ahead) / run.options.restartPodsPerMinute);
  const begun = Date.parse(unit.stepStartedAt.associate ?? run.startedAt);
  return Math.max(0, Math.ceil((begun + minute * 60_000 - runtime.clock.now()) / 1000));
}
