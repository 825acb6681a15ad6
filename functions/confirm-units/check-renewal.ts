import { polled } from '../../src/migration/batch/carry-units.ts';
import { checkRenewal } from '../../src/migration/unit/check-renewal.ts';
import { clusterFunction } from '../middleware/cluster.ts';
import { stageOf, unitsInput } from '../middleware/units.ts';

/** Whether the second restart of units is over. */
export const handler = clusterFunction(unitsInput, stageOf({ name: 'renewal', step: polled(checkRenewal) }));
