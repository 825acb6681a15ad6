import { done } from '../../src/migration/batch/carry-units.ts';
import { splitServiceAccount } from '../../src/migration/unit/split-service-account.ts';
import { clusterFunction } from '../middleware/cluster.ts';
import { stageOf, unitsInput } from '../middleware/units.ts';

/** Makes the service account that a unit is split off to. */
export const handler = clusterFunction(unitsInput, stageOf({ name: 'split', step: done(splitServiceAccount) }));
