import { z } from 'zod';
import { confirmUse } from '../src/migration/confirm-use.ts';
import { lambdaFunction } from './middleware.ts';

/** The pods after the soak, and what CloudTrail saw. */
export const handler = lambdaFunction(z.strictObject({ runId: z.string().min(1), unitId: z.string().min(1) }), confirmUse);
