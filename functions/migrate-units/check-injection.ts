import { polled } from '../../src/migration/batch/carry-units.ts';
import { checkInjection } from '../../src/migration/unit/check-injection.ts';
import { clusterFunction } from '../middleware/cluster.ts';
import { stageOf, unitsInput } from '../middleware/units.ts';

/** One dry run of a pod of each unit. */
export const handler = clusterFunction(unitsInput, stageOf({ name: 'injection', step: polled(checkInjection) }));
