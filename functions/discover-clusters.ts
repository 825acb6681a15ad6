import { z } from 'zod';
import { discoverClusters } from '../src/fleet/discover-clusters.ts';
import { lambdaFunction } from './middleware.ts';

/** The clusters of one account and region. */
export const handler = lambdaFunction(z.strictObject({ fleetId: z.string().min(1), placeId: z.string().min(1) }), discoverClusters);
