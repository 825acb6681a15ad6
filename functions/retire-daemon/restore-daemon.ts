import { z } from 'zod';
import { restoreDaemon } from '../../src/migration/retirement/restore-daemon.ts';
import { clusterFunction } from '../middleware/cluster.ts';

/** Puts a daemon back, as far as it can go now. */
export const handler = clusterFunction(
  z.strictObject({
    runId: z.string().min(1),
    chosen: z.array(z.string()).nullable(),
    failure: z.strictObject({ Error: z.string(), Cause: z.string().optional() }),
  }),
  restoreDaemon,
);
