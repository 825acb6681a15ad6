import { checkTogether } from '../../src/migration/addon/check-addon.ts';
import { polled } from '../../src/migration/batch/carry-units.ts';
import { lambdaFunction } from '../middleware/step.ts';
import { stageOf, unitsInput } from '../middleware/units.ts';

/** Whether all units of an add-on have proved their part. */
export const handler = lambdaFunction(unitsInput, stageOf({ name: 'together', step: polled(checkTogether) }));
