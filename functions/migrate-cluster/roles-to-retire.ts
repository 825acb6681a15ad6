import { z } from 'zod';
import { rolesToRetire } from '../../src/migration/trust/retire-trust.ts';
import { lambdaFunction } from '../middleware/step.ts';

/** Roles whose old trust may go. */
export const handler = lambdaFunction(z.strictObject({ runId: z.string().min(1), after: z.string() }), rolesToRetire);
