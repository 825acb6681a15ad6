import { z } from 'zod';
import { checkRollout } from '../../src/migration/unit/check-rollout.ts';
import { clusterFunction } from '../middleware/cluster.ts';

/** Whether a unit's workloads have rolled out. */
export const handler = clusterFunction(z.strictObject({ runId: z.string().min(1), unitId: z.string().min(1) }), checkRollout);
