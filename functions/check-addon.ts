import { z } from 'zod';
import { checkAddon } from '../src/migration/check-addon.ts';
import { lambdaFunction } from './middleware.ts';

/** Looks whether the update of a unit's add-on has ended. */
export const handler = lambdaFunction(z.strictObject({ runId: z.string().min(1), unitId: z.string().min(1) }), checkAddon);
