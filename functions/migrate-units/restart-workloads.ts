import { done } from '../../src/migration/batch/carry-units.ts';
import { restartWorkloads } from '../../src/migration/unit/restart-workloads.ts';
import { clusterFunction } from '../middleware/cluster.ts';
import { stageOf, unitsInput } from '../middleware/units.ts';

/** Asks the workloads of units for new pods. */
export const handler = clusterFunction(unitsInput, stageOf({ name: 'restart', step: done(restartWorkloads) }));
