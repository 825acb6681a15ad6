import { z } from 'zod';
import { openUnit } from '../../src/migration/unit/unit-state.ts';
import { lambdaFunction } from '../middleware/step.ts';

/** Begins a unit, or takes it up. */
export const handler = lambdaFunction(z.strictObject({ runId: z.string().min(1), unitId: z.string().min(1) }), openUnit);
