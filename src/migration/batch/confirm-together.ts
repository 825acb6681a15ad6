import type { ClusterRuntime } from '../runtime.ts';
import { confirmUse } from '../unit/confirm-use.ts';
import { createSharedLooks, type SharedLooks } from '../unit/shared-looks.ts';
import type { Poll, UnitInput } from '../write.ts';
import type { UnitBatch } from './batch.ts';
import { unitsAt } from './carry-units.ts';

/** The stage's name: statemachine/confirm-units.asl.yaml knows it. */
export const USE_STAGE = 'use';

/** `confirmUse` for the units of a batch in one call: what several of them want to know is asked for once. */
export function confirmTogether(batch: UnitBatch): (runtime: ClusterRuntime, input: UnitInput) => Promise<Poll> {
  const unitIds = unitsAt(batch, USE_STAGE)
    .filter(({ ready }) => ready !== true)
    .map(({ unitId }) => unitId);
  let looks: SharedLooks | undefined;
  return (runtime, input) => {
    looks ??= createSharedLooks(runtime, unitIds);
    return confirmUse(runtime, input, looks);
  };
}
