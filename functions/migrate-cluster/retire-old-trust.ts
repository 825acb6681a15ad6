import { z } from 'zod';
import { retireOldTrust } from '../../src/migration/trust/retire-trust.ts';
import { clusterFunction } from '../middleware/cluster.ts';

/** Takes proved service accounts out of one role's OIDC statements. */
export const handler = clusterFunction(z.strictObject({ runId: z.string().min(1), roleArn: z.string().min(1) }), retireOldTrust);
