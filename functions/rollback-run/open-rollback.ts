import { z } from 'zod';
import { openRollback } from '../../src/migration/run/rollback-run.ts';
import { lambdaFunction } from '../middleware/step.ts';

/** Opens the way back of a run. */
export const handler = lambdaFunction(
  z.strictObject({ runId: z.string().min(1), claimant: z.string().min(1), unitIds: z.array(z.string()).nullable(), reason: z.string() }),
  openRollback,
);
