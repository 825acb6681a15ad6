import { z } from 'zod';
import { nextPlaces } from '../../src/fleet/open-fleet.ts';
import { lambdaFunction } from '../middleware/step.ts';

/** The next accounts and regions of a fleet. */
export const handler = lambdaFunction(z.strictObject({ fleetId: z.string().min(1), after: z.string() }), nextPlaces);
