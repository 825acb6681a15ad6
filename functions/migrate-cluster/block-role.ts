import { z } from 'zod';
import { blockRole } from '../../src/migration/trust/block-role.ts';
import { lambdaFunction } from '../middleware/step.ts';

/** Notes that a role could not be written. */
export const handler = lambdaFunction(
  z.strictObject({
    runId: z.string().min(1),
    roleArn: z.string().min(1),
    step: z.enum(['grant', 'retire', 'restore']),
    failure: z.strictObject({ Error: z.string(), Cause: z.string().optional() }),
  }),
  blockRole,
);
