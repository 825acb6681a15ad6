import { z } from 'zod';
import { removeRules } from '../../src/migration/retirement/retire-daemon.ts';
import { clusterFunction } from '../middleware/cluster.ts';

/** Takes a daemon's rule away on every node, as far as it can go now. */
export const handler = clusterFunction(z.strictObject({ runId: z.string().min(1) }), removeRules);
