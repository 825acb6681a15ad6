import { z } from 'zod';
import { checkAgent } from '../../src/migration/agent/agent.ts';
import { clusterFunction } from '../middleware/cluster.ts';

/** Whether the agent serves the nodes that need it. */
export const handler = clusterFunction(z.strictObject({ runId: z.string().min(1), tries: z.int().min(0) }), checkAgent);
