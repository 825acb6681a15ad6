import type { WorkloadPlan } from '../../model/plan.ts';
import type { RunRecord, UnitRecord } from '../../model/run.ts';

/**
 * Whole seconds, as kubectl writes them. A pod template takes any value that is new; an Argo Rollout renews the pods that
 * are older than it, so its value is the time of this step's first try.
 */
export function markValue(run: RunRecord, unit: UnitRecord, plan: WorkloadPlan): string {
  const at = plan.restart === 'argo-rollout' ? (unit.stepStartedAt.restart ?? run.startedAt) : run.startedAt;
  return new Date(Math.floor(Date.parse(at) / 1000) * 1000).toISOString().replace('.000Z', 'Z');
}
