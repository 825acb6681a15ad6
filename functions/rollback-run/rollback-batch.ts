import { z } from 'zod';
import { rollbackBatch } from '../../src/migration/run/rollback-run.ts';
import { lambdaFunction } from '../middleware/step.ts';

/** The next units or roles of a way back. */
export const handler = lambdaFunction(
  z.strictObject({
    runId: z.string().min(1),
    kind: z.enum(['units', 'roles']),
    chosen: z.array(z.string()).nullable(),
    after: z.string(),
  }),
  rollbackBatch,
);
