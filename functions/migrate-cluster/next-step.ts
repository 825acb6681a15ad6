import { z } from 'zod';
import { nextStep } from '../../src/migration/run/next-step.ts';
import { lambdaFunction } from '../middleware/step.ts';

/** What the run does next. */
export const handler = lambdaFunction(z.strictObject({ runId: z.string().min(1) }), nextStep);
