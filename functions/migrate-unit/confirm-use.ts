import { z } from 'zod';
import { confirmUse } from '../../src/migration/unit/confirm-use.ts';
import { clusterFunction } from '../middleware/cluster.ts';

/** The pods after the soak, and what CloudTrail saw. */
export const handler = clusterFunction(z.strictObject({ runId: z.string().min(1), unitId: z.string().min(1) }), confirmUse);
