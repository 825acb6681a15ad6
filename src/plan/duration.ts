import type { MigrationOptions } from '../model/options.ts';
import type { UnitPlan } from '../model/plan.ts';
import type { PlannedDuration } from '../model/report.ts';

/** Waves that are confirmed before the next one begins, whatever the options say: the canary, and the two after it. */
export const GATED_WAVES = 3;
/** What the steps of a wave take besides what the options say, where everything goes well: probe pods, roll-outs, looks. Seconds. */
const STEPS_SECONDS = 90;

/** The time that a run over these units takes where everything goes well: soaks, waits for IAM, dry runs, and restarts at their pace. */
export function plannedDuration(units: readonly UnitPlan[], options: MigrationOptions): PlannedDuration {
  const migrating = units.filter(({ decision }) => decision === 'migrate');
  const waves = new Set(migrating.map(({ wave }) => wave)).size;
  const soaks = options.sequentialWaves ? waves : Math.min(waves, GATED_WAVES + 1);
  const pods = migrating
    .flatMap(({ workloads }) => workloads)
    .filter(({ restart }) => restart !== 'none')
    .reduce((sum, { replicas }) => sum + (replicas ?? 1), 0);
  const restartSeconds = Math.floor((pods / options.restartPodsPerMinute) * 60);
  const wave = options.iamPropagationSeconds + options.injectionChecks * options.injectionIntervalSeconds + STEPS_SECONDS;
  const { soakSeconds } = options;
  return { seconds: Math.ceil(soaks * soakSeconds + waves * wave + restartSeconds), waves, soaks, soakSeconds, restartSeconds };
}
