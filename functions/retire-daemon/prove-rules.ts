import { z } from 'zod';
import { proveRules } from '../../src/migration/retirement/retire-daemon.ts';
import { clusterFunction } from '../middleware/cluster.ts';

/** Whether pods of every node reach instance metadata itself. */
export const handler = clusterFunction(z.strictObject({ runId: z.string().min(1) }), proveRules);
