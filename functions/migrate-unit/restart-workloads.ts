import { z } from 'zod';
import { restartWorkloads } from '../../src/migration/unit/restart-workloads.ts';
import { clusterFunction } from '../middleware/cluster.ts';

/** Asks a unit's workloads for new pods. */
export const handler = clusterFunction(z.strictObject({ runId: z.string().min(1), unitId: z.string().min(1) }), restartWorkloads);
