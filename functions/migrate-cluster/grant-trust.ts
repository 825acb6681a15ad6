import { z } from 'zod';
import { carryRoles } from '../../src/migration/batch/carry-roles.ts';
import { grantTrust } from '../../src/migration/trust/grant-trust.ts';
import { accountFunction } from '../middleware/account.ts';
import { rolesInput } from '../middleware/roles.ts';

/** Lets a wave's service accounts assume roles. */
export const handler = accountFunction(rolesInput.extend({ wave: z.int().min(0) }), (runtime, { wave, ...input }) =>
  carryRoles(runtime, input, { kind: 'grant', step: (reach, roleArn) => grantTrust(reach, { runId: input.runId, roleArn, wave }) }),
);
