import { z } from 'zod';
import { claimExecution } from '../../src/migration/run/claim-execution.ts';
import { lambdaFunction } from '../middleware/step.ts';

/** Decides whether a failed execution's run is to be taken back. AWS may add fields to its events, so others are left alone. */
export const handler = lambdaFunction(
  z.strictObject({
    execution: z.object({
      executionArn: z.string().min(1),
      status: z.string().min(1),
      input: z.string().nullish(),
      error: z.string().nullish(),
    }),
    claimant: z.string().min(1),
  }),
  claimExecution,
);
