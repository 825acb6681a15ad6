import { z } from 'zod';
import { checkInjection } from '../src/migration/check-injection.ts';
import { lambdaFunction } from './middleware.ts';

/** One dry run of a unit's pod. */
export const handler = lambdaFunction(z.strictObject({ runId: z.string().min(1), unitId: z.string().min(1) }), checkInjection);
