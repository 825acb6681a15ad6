import { refuse } from '../migration/run/check-limits.ts';
import type { JournalRuntime } from '../migration/runtime.ts';
import type { FleetSpec } from '../model/fleet.ts';
import type { ClusterTarget } from '../model/run.ts';
import { NOT_THEIRS, outsideOptions, outsideTarget, withDeployersDefaults } from '../plan/limits.ts';
import { targetOf } from './places.ts';

/**
 * Whether a deployment allows a fleet: each of its accounts by the role that is named for them, and what is done in the clusters. Which
 * clusters those are, the accounts say. Throws `OutsideLimits`.
 */
export function checkFleetLimits({ deployment }: Pick<JournalRuntime, 'deployment'>, spec: FleetSpec): void {
  if (deployment === undefined) return;
  const { limits } = deployment;
  const targets = spec.accounts.map((account) => targetOf({ ...spec, externalId: null }, { account, region: spec.regions[0] ?? '' }, ''));
  const outside = [
    ...(spec.externalId === null ? [] : [{ field: 'externalId', message: NOT_THEIRS }]),
    ...targets.flatMap((target) => outsideTarget(target, { ...limits, clusters: ['*'] })),
    ...outsideOptions(withDeployersDefaults(spec.migration, limits), limits),
  ];
  refuse('the fleet', [...new Map(outside.map((one) => [`${one.field} ${one.message}`, one])).values()]);
}

/** Whether a deployment lets a fleet go to this cluster. */
export function isWithin({ deployment }: Pick<JournalRuntime, 'deployment'>, target: ClusterTarget): boolean {
  return deployment === undefined || outsideTarget(target, deployment.limits).length === 0;
}
