import { z } from 'zod';
import { unitBatch } from '../../src/migration/batch/batch.ts';
import { undoUnits } from '../../src/migration/batch/carry-units.ts';
import { undoUnit } from '../../src/migration/unit/undo-unit.ts';
import { clusterFunction } from '../middleware/cluster.ts';

/** Takes units back, as far as they can go now. */
export const handler = clusterFunction(
  z.strictObject({
    runId: z.string().min(1),
    batch: unitBatch,
    failure: z.strictObject({ Error: z.string(), Cause: z.string().optional() }),
  }),
  (runtime, input) => undoUnits(runtime, input, undoUnit),
);
