import { z } from 'zod';
import { takeInventory } from '../../src/migration/run/plan-run.ts';
import { clusterFunction } from '../middleware/cluster.ts';

/** Reads the cluster and its account. */
export const handler = clusterFunction(z.strictObject({ runId: z.string().min(1), mode: z.enum(['plan', 'run']) }), takeInventory);
