import { z } from 'zod';
import { undoUnit } from '../../src/migration/unit/undo-unit.ts';
import { clusterFunction } from '../middleware/cluster.ts';

/** Takes a unit back, as far as it can go now. */
export const handler = clusterFunction(
  z.strictObject({
    runId: z.string().min(1),
    unitId: z.string().min(1),
    failure: z.strictObject({ Error: z.string(), Cause: z.string().optional() }),
  }),
  undoUnit,
);
