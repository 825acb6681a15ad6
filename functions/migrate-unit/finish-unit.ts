import { z } from 'zod';
import { finishUnit } from '../../src/migration/unit/unit-state.ts';
import { lambdaFunction } from '../middleware/step.ts';

/** Ends a unit as migrated. */
export const handler = lambdaFunction(z.strictObject({ runId: z.string().min(1), unitId: z.string().min(1) }), finishUnit);
