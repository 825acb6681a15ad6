import { z } from 'zod';
import { unitBatch } from '../../src/migration/batch/batch.ts';
import { isolateUnits } from '../../src/migration/batch/carry-units.ts';
import { lambdaFunction } from '../middleware/step.ts';

/** After a call that did not end: units are called one at a time, and one that ends its call alone turns back. */
export const handler = lambdaFunction(
  z.strictObject({
    runId: z.string().min(1),
    batch: unitBatch,
    undo: z.boolean(),
    failure: z.strictObject({ Error: z.string(), Cause: z.string().optional() }),
  }),
  isolateUnits,
);
