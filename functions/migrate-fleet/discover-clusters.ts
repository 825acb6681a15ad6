import { z } from 'zod';
import { discoverClusters } from '../../src/fleet/discover-clusters.ts';
import { accountFunction } from '../middleware/account.ts';

/** The clusters of one account and region. */
export const handler = accountFunction(z.strictObject({ fleetId: z.string().min(1), placeId: z.string().min(1) }), discoverClusters);
