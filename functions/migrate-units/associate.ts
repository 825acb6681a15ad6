import { done } from '../../src/migration/batch/carry-units.ts';
import { associate } from '../../src/migration/unit/associate.ts';
import { accountFunction } from '../middleware/account.ts';
import { stageOf, unitsInput } from '../middleware/units.ts';

/** Creates the associations of units. */
export const handler = accountFunction(unitsInput, stageOf({ name: 'associate', step: done(associate) }));
