import { z } from 'zod';
import { markDaemonLost } from '../../src/migration/retirement/retirement-record.ts';
import { lambdaFunction } from '../middleware/step.ts';

/** Notes that a daemon could not be put back. */
export const handler = lambdaFunction(
  z.strictObject({
    runId: z.string().min(1),
    failure: z.strictObject({ Error: z.string(), Cause: z.string().optional() }),
  }),
  markDaemonLost,
);
