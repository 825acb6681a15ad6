import { z } from 'zod';
import { openFleet } from '../../src/fleet/open-fleet.ts';
import { fleetSpec } from '../../src/model/fleet.ts';
import { lambdaFunction } from '../middleware/step.ts';

/** Creates a fleet, or takes it up. */
export const handler = lambdaFunction(
  z.strictObject({
    fleetId: z.string().min(1).max(64),
    mode: z.enum(['plan', 'run']),
    approval: z.enum(['none', 'required']),
    expectedDigest: z.string().nullable(),
    spec: fleetSpec,
  }),
  openFleet,
);
