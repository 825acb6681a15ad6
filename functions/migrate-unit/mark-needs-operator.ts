import { z } from 'zod';
import { markNeedsOperator } from '../../src/migration/unit/unit-state.ts';
import { lambdaFunction } from '../middleware/step.ts';

/** Ends a unit whose way back failed. */
export const handler = lambdaFunction(
  z.strictObject({
    runId: z.string().min(1),
    unitId: z.string().min(1),
    failure: z.strictObject({ Error: z.string(), Cause: z.string().optional() }),
  }),
  markNeedsOperator,
);
