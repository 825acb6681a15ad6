import { z } from 'zod';
import { associate } from '../src/migration/associate.ts';
import { lambdaFunction } from './middleware.ts';

/** Creates a unit's association. */
export const handler = lambdaFunction(z.strictObject({ runId: z.string().min(1), unitId: z.string().min(1) }), associate);
