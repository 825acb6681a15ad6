import { z } from 'zod';
import { makePlan } from '../../src/migration/run/plan-run.ts';
import { lambdaFunction } from '../middleware/step.ts';

/** Decides what is to be done. */
export const handler = lambdaFunction(
  z.strictObject({ runId: z.string().min(1), mode: z.enum(['plan', 'run']), expectedDigest: z.string().nullable() }),
  makePlan,
);
