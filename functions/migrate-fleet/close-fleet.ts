import { z } from 'zod';
import { closeFleet } from '../../src/fleet/close-fleet.ts';
import { lambdaFunction } from '../middleware/step.ts';

/** Ends a fleet. */
export const handler = lambdaFunction(
  z.strictObject({ fleetId: z.string().min(1), ending: z.enum(['planned', 'refused', 'halted', 'finished']), reason: z.string() }),
  closeFleet,
);
