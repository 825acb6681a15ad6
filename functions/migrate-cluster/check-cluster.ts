import { z } from 'zod';
import { checkCluster } from '../../src/migration/run/open-run.ts';
import { clusterFunction } from '../middleware/cluster.ts';

/** Whether podshift can work on the cluster. */
export const handler = clusterFunction(
  z.strictObject({ runId: z.string().min(1), mode: z.enum(['plan', 'run']).default('run') }),
  checkCluster,
);
