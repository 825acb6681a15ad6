import { z } from 'zod';
import { openRetirement } from '../../src/migration/retirement/retire-daemon.ts';
import { clusterFunction } from '../middleware/cluster.ts';

/** Decides whether a daemon can be retired, over the whole cluster. */
export const handler = clusterFunction(z.strictObject({ runId: z.string().min(1), daemon: z.enum(['kube2iam', 'kiam']) }), openRetirement);
