import { z } from 'zod';
import { verifyPods } from '../../src/migration/unit/verify-pods.ts';
import { clusterFunction } from '../middleware/cluster.ts';

/** Whether every pod of a unit is on the new way. */
export const handler = clusterFunction(z.strictObject({ runId: z.string().min(1), unitId: z.string().min(1) }), verifyPods);
