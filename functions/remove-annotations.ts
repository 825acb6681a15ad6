import { z } from 'zod';
import { removeAnnotations } from '../src/migration/remove-annotations.ts';
import { lambdaFunction } from './middleware.ts';

/** Takes the old way's annotations off a service account. */
export const handler = lambdaFunction(z.strictObject({ runId: z.string().min(1), unitId: z.string().min(1) }), removeAnnotations);
