import { carryRoles } from '../../src/migration/batch/carry-roles.ts';
import { restoreOldTrust } from '../../src/migration/trust/retire-trust.ts';
import { accountFunction } from '../middleware/account.ts';
import { rolesInput } from '../middleware/roles.ts';

/** Undoes retirements of the old trust of roles. */
export const handler = accountFunction(rolesInput, (runtime, input) =>
  carryRoles(runtime, input, { kind: 'restore', step: (reach, roleArn) => restoreOldTrust(reach, { runId: input.runId, roleArn }) }),
);
