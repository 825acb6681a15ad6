import { finishUnlessRenewed } from '../../src/migration/batch/finish-unit.ts';
import { clusterFunction } from '../middleware/cluster.ts';
import { stageOf, unitsInput } from '../middleware/units.ts';

/** Takes the old way's annotations off; units whose templates stay as they are have ended with it. */
export const handler = clusterFunction(unitsInput, stageOf({ name: 'annotations', step: finishUnlessRenewed }));
