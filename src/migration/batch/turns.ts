import { createHash } from 'node:crypto';
import type { TurnsWanted } from '../../journal/journal.ts';
import type { UnitPlan } from '../../model/plan.ts';
import { planOf } from '../run/plan-run.ts';
import type { JournalRuntime } from '../runtime.ts';
import type { UnitBatch, UnitItem } from './batch.ts';
import { unitsAt } from './carry-units.ts';

/** How many pods the restarts of this unit renew. */
export function podsOf({ workloads }: Pick<UnitPlan, 'workloads'>): number {
  return workloads.filter(({ restart }) => restart !== 'none').reduce((sum, { replicas }) => sum + (replicas ?? 1), 0);
}

/**
 * The batch, each of its units with its turn, where this stage begins with it: a run renews no more pods in a minute than the option allows,
 * whatever wave they are of, since EKS Auth throttles an agent whose pods all come at once. Units whose pods are a minute's at most have theirs
 * together. Batches begin at the same pace, so that those of a wave do not all wait for their restarts with associations already made; the update of an
 * add-on renews its pods at once, so that its turn is the one in which it begins.
 */
export async function withTurns(
  runtime: JournalRuntime,
  { runId, batch }: { readonly runId: string; readonly batch: UnitBatch },
  stage: 'open' | 'restart',
): Promise<UnitBatch> {
  const hasBegun = batch.stage === stage && (batch.looks > 0 || stage !== 'open');
  if (hasBegun || (batch.kind === 'addon' && stage === 'restart')) return batch;
  const [{ units: plans }, { options }] = await Promise.all([planOf(runtime, runId), runtime.journal.getRun(runId)]);
  const podsById = new Map(plans.map((plan) => [plan.id, podsOf(plan)]));
  const perMinute = options.restartPodsPerMinute;
  const units = unitsAt(batch, stage);
  const groups = groupsOf(
    units.map(({ unitId }) => podsById.get(unitId) ?? 0),
    stage === 'open' ? Number.POSITIVE_INFINITY : perMinute,
  );
  const pods = groups.map((group) => group.reduce((sum, size) => sum + size, 0));
  if (pods.every((size) => size === 0)) return batch;
  const pace: TurnsWanted['pace'] = stage === 'open' && batch.kind !== 'addon' ? 'open' : 'restart';
  const turns = await runtime.journal.takeTurns(runId, { pace, key: keyOf(units), pods, perMinute });
  const turnOf = groups.flatMap((group, index) => group.map(() => turns[index] as number));
  const now = runtime.clock.now();
  return {
    ...batch,
    stage,
    units: units.map((unit, index): UnitItem => {
      const turn = turnOf[index] as number;
      return turn <= now ? unit : { ...unit, turn, at: turn };
    }),
  };
}

/** The sizes in groups of at most `most` together, in their order; one that is larger is a group by itself. */
function groupsOf(sizes: readonly number[], most: number): number[][] {
  const groups: number[][] = [];
  let sum = 0;
  for (const size of sizes) {
    const last = groups.at(-1);
    if (last !== undefined && sum + size <= most) last.push(size);
    else groups.push([size]);
    sum = last !== undefined && sum + size <= most ? sum + size : size;
  }
  return groups;
}

/** The same for the same units. */
function keyOf(units: readonly UnitItem[]): string {
  return createHash('sha256')
    .update(units.map(({ unitId }) => unitId).join(' '))
    .digest('hex')
    .slice(0, 16);
}
