import { z } from 'zod';
import { checkRenewal } from '../../src/migration/unit/check-renewal.ts';
import { clusterFunction } from '../middleware/cluster.ts';

/** Whether a unit's second restart is over. */
export const handler = clusterFunction(z.strictObject({ runId: z.string().min(1), unitId: z.string().min(1) }), checkRenewal);
