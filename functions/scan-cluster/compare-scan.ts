import { z } from 'zod';
import { compareScan } from '../../src/migration/run/compare-scan.ts';
import { lambdaFunction } from '../middleware/step.ts';

/** What changed since the cluster's last scan. */
export const handler = lambdaFunction(z.strictObject({ runId: z.string().min(1) }), compareScan);
