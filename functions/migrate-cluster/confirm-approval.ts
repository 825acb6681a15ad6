import { z } from 'zod';
import { confirmApproval } from '../../src/migration/run/approval.ts';
import { clusterFunction } from '../middleware/cluster.ts';

/** Checks what was approved. */
export const handler = clusterFunction(z.strictObject({ runId: z.string().min(1), digest: z.string() }), confirmApproval);
