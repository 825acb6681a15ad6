import { z } from 'zod';
import { checkCluster } from '../src/migration/open-run.ts';
import { lambdaFunction } from './middleware.ts';

/** Whether podshift can work on the cluster. */
export const handler = lambdaFunction(z.strictObject({ runId: z.string().min(1) }), checkCluster);
