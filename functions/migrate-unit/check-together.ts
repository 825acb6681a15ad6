import { z } from 'zod';
import { checkTogether } from '../../src/migration/addon/check-addon.ts';
import { lambdaFunction } from '../middleware/step.ts';

/** Looks whether all units of an add-on have proved their part. */
export const handler = lambdaFunction(z.strictObject({ runId: z.string().min(1), unitId: z.string().min(1) }), checkTogether);
