import { z } from 'zod';
import { takeInventory } from '../src/migration/plan-run.ts';
import { lambdaFunction } from './middleware.ts';

/** Reads the cluster and its account. */
export const handler = lambdaFunction(z.strictObject({ runId: z.string().min(1), mode: z.enum(['plan', 'run']) }), takeInventory);
