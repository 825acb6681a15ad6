import { checkAddon } from '../../src/migration/addon/check-addon.ts';
import { polled } from '../../src/migration/batch/carry-units.ts';
import { accountFunction } from '../middleware/account.ts';
import { stageOf, unitsInput } from '../middleware/units.ts';

/** Whether the update of an add-on has ended. */
export const handler = accountFunction(unitsInput, stageOf({ name: 'addon', step: polled(checkAddon) }));
