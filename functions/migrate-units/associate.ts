import { associateUnit } from '../../src/migration/batch/associate-unit.ts';
import { accountFunction } from '../middleware/account.ts';
import { stageOf, unitsInput } from '../middleware/units.ts';

/** Creates the associations of units. */
export const handler = accountFunction(unitsInput, stageOf({ name: 'associate', step: associateUnit }));
