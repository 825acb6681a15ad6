import { carryRoles } from '../../src/migration/batch/carry-roles.ts';
import { revokeTrust } from '../../src/migration/trust/revoke-trust.ts';
import { accountFunction } from '../middleware/account.ts';
import { rolesInput } from '../middleware/roles.ts';

/** Takes what did not stay out of the trust policies of roles. */
export const handler = accountFunction(rolesInput, (runtime, input) =>
  carryRoles(runtime, input, { kind: 'restore', step: (reach, roleArn) => revokeTrust(reach, { runId: input.runId, roleArn }) }),
);
