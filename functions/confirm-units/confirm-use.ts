import { polled } from '../../src/migration/batch/carry-units.ts';
import { confirmTogether, USE_STAGE } from '../../src/migration/batch/confirm-together.ts';
import { clusterFunction } from '../middleware/cluster.ts';
import { stageOf, unitsInput } from '../middleware/units.ts';

/** The pods of units after the soak, and what CloudTrail saw. */
export const handler = clusterFunction(unitsInput, (runtime, input) =>
  stageOf({ name: USE_STAGE, step: polled(confirmTogether(input.batch)) })(runtime, input),
);
