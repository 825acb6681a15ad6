import { z } from 'zod';
import { splitServiceAccount } from '../../src/migration/unit/split-service-account.ts';
import { clusterFunction } from '../middleware/cluster.ts';

/** Makes the service account that a unit is split off to. */
export const handler = clusterFunction(z.strictObject({ runId: z.string().min(1), unitId: z.string().min(1) }), splitServiceAccount);
