import { z } from 'zod';
import { giveUpCluster } from '../../src/fleet/run-cluster.ts';
import { lambdaFunction } from '../middleware/step.ts';

/** Ends a cluster whose looks failed for good. */
export const handler = lambdaFunction(
  z.strictObject({
    fleetId: z.string().min(1),
    clusterArn: z.string().min(1),
    phase: z.enum(['plan', 'run']),
    failure: z.object({ Error: z.string(), Cause: z.string().optional() }),
  }),
  giveUpCluster,
);
