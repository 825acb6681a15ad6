import { z } from 'zod';
import { proveCredentials } from '../../src/migration/unit/prove-credentials.ts';
import { clusterFunction } from '../middleware/cluster.ts';

/** A probe pod asks STS who it is. */
export const handler = clusterFunction(z.strictObject({ runId: z.string().min(1), unitId: z.string().min(1) }), proveCredentials);
