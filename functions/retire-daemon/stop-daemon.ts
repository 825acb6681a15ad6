import { z } from 'zod';
import { stopDaemon } from '../../src/migration/retirement/retire-daemon.ts';
import { clusterFunction } from '../middleware/cluster.ts';

/** Stops a daemon, and looks whether its pods have left. */
export const handler = clusterFunction(z.strictObject({ runId: z.string().min(1) }), stopDaemon);
