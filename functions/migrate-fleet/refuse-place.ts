import { z } from 'zod';
import { refusePlace } from '../../src/fleet/discover-clusters.ts';
import { lambdaFunction } from '../middleware/step.ts';

/** Notes why nothing could be read of an account and region. */
export const handler = lambdaFunction(
  z.strictObject({
    fleetId: z.string().min(1),
    placeId: z.string().min(1),
    failure: z.object({ Error: z.string(), Cause: z.string().optional() }),
  }),
  refusePlace,
);
