import { updateAddon } from '../../src/migration/addon/update-addon.ts';
import { done } from '../../src/migration/batch/carry-units.ts';
import { accountFunction } from '../middleware/account.ts';
import { stageOf, unitsInput } from '../middleware/units.ts';

/** Moves the add-on of units by UpdateAddon. */
export const handler = accountFunction(unitsInput, stageOf({ name: 'addon-update', step: done(updateAddon) }));
