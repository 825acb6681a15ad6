import { z } from 'zod';
import { closeRollback } from '../../src/migration/run/rollback-run.ts';
import { lambdaFunction } from '../middleware/step.ts';

/** Ends a run after its way back. */
export const handler = lambdaFunction(
  z.strictObject({
    runId: z.string().min(1),
    reason: z.string(),
    failure: z.strictObject({ Error: z.string(), Cause: z.string().optional() }).nullable(),
  }),
  closeRollback,
);
