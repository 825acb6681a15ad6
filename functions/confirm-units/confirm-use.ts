import { polled } from '../../src/migration/batch/carry-units.ts';
import { confirmUse } from '../../src/migration/unit/confirm-use.ts';
import { clusterFunction } from '../middleware/cluster.ts';
import { stageOf, unitsInput } from '../middleware/units.ts';

/** The pods of units after the soak, and what CloudTrail saw. */
export const handler = clusterFunction(unitsInput, stageOf({ name: 'use', step: polled(confirmUse) }));
