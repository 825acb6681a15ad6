import { z } from 'zod';
import { runCluster } from '../../src/fleet/run-cluster.ts';
import { serviceFunction } from '../middleware/service.ts';

/** Starts a cluster's run, or looks how it stands. */
export const handler = serviceFunction(
  z.strictObject({ fleetId: z.string().min(1), clusterArn: z.string().min(1), phase: z.enum(['plan', 'run']) }),
  runCluster,
);
