import { z } from 'zod';
import { isolateRoles } from '../../src/migration/batch/carry-roles.ts';
import { rolesInput } from '../middleware/roles.ts';
import { lambdaFunction } from '../middleware/step.ts';

/** After a call that did not end: roles are called one at a time, and one that ends its call alone is noted. */
export const handler = lambdaFunction(
  rolesInput.extend({
    step: z.enum(['grant', 'retire', 'restore']),
    failure: z.strictObject({ Error: z.string(), Cause: z.string().optional() }),
  }),
  isolateRoles,
);
