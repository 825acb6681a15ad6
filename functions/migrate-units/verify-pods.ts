import { polled } from '../../src/migration/batch/carry-units.ts';
import { verifyPods } from '../../src/migration/unit/verify-pods.ts';
import { clusterFunction } from '../middleware/cluster.ts';
import { stageOf, unitsInput } from '../middleware/units.ts';

/** Whether every pod of units is on the new way; units of which it is soak. */
export const handler = clusterFunction(unitsInput, stageOf({ name: 'verify', step: polled(verifyPods, 'leaves') }));
