import { z } from 'zod';
import { judgeFleet } from '../../src/fleet/judge-fleet.ts';
import { lambdaFunction } from '../middleware/step.ts';

/** What a fleet does next. */
export const handler = lambdaFunction(
  z.strictObject({ fleetId: z.string().min(1), phase: z.enum(['plan', 'run']), items: z.array(z.string()) }),
  judgeFleet,
);
