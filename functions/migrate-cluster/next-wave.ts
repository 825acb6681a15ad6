import { z } from 'zod';
import { nextWave } from '../../src/migration/run/waves.ts';
import { lambdaFunction } from '../middleware/step.ts';

/** The next wave of the plan. */
export const handler = lambdaFunction(z.strictObject({ runId: z.string().min(1) }), nextWave);
