import { z } from 'zod';
import { removeAnnotations } from '../../src/migration/unit/remove-annotations.ts';
import { clusterFunction } from '../middleware/cluster.ts';

/** Takes the old way's annotations off a service account. */
export const handler = clusterFunction(z.strictObject({ runId: z.string().min(1), unitId: z.string().min(1) }), removeAnnotations);
