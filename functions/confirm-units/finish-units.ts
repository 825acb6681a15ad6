import { finishUnit } from '../../src/migration/unit/unit-state.ts';
import { lambdaFunction } from '../middleware/step.ts';
import { stageOf, unitsInput } from '../middleware/units.ts';

/** Ends units as migrated. */
export const handler = lambdaFunction(
  unitsInput,
  stageOf({
    name: 'finish',

    step: async (runtime, input) => {
      await finishUnit(runtime, input);
      return 'leaves';
    },
  }),
);
