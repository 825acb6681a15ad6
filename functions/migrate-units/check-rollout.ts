import { polled } from '../../src/migration/batch/carry-units.ts';
import { checkRollout } from '../../src/migration/unit/check-rollout.ts';
import { clusterFunction } from '../middleware/cluster.ts';
import { stageOf, unitsInput } from '../middleware/units.ts';

/** Whether the workloads of units have rolled out. */
export const handler = clusterFunction(unitsInput, stageOf({ name: 'rollout', step: polled(checkRollout) }));
