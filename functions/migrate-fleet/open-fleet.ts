import { z } from 'zod';
import { openFleet } from '../../src/fleet/open-fleet.ts';
import { fleetSpec } from '../../src/model/fleet.ts';
import { lambdaFunction } from '../middleware/step.ts';

/** What an execution of `migrate-fleet` hands to its first step: all that whoever starts one can say. */
export const openFleetEvent = z.strictObject({
  fleetId: z.string().min(1).max(64),
  mode: z.enum(['plan', 'run']),
  approval: z.enum(['none', 'required']),
  expectedDigest: z.string().nullable(),
  spec: fleetSpec,
});

/** Creates a fleet, or takes it up. */
export const handler = lambdaFunction(openFleetEvent, openFleet);
