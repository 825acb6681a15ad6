import { z } from 'zod';
import { checkInjection } from '../../src/migration/unit/check-injection.ts';
import { clusterFunction } from '../middleware/cluster.ts';

/** One dry run of a unit's pod. */
export const handler = clusterFunction(z.strictObject({ runId: z.string().min(1), unitId: z.string().min(1) }), checkInjection);
