import { z } from 'zod';
import { closeRollback } from '../../src/migration/run/rollback-run.ts';
import { pageFunction } from '../middleware/pages.ts';

/** Ends a run after its way back. */
export const handler = pageFunction(
  z.strictObject({
    runId: z.string().min(1),
    reason: z.string(),
    failure: z.strictObject({ Error: z.string(), Cause: z.string().optional() }).nullable(),
  }),
  closeRollback,
);
