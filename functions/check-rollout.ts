import { z } from 'zod';
import { checkRollout } from '../src/migration/check-rollout.ts';
import { lambdaFunction } from './middleware.ts';

/** Whether a unit's workloads have rolled out. */
export const handler = lambdaFunction(z.strictObject({ runId: z.string().min(1), unitId: z.string().min(1) }), checkRollout);
