import { carryRoles } from '../../src/migration/batch/carry-roles.ts';
import { retireOldTrust } from '../../src/migration/trust/retire-trust.ts';
import { clusterFunction } from '../middleware/cluster.ts';
import { rolesInput } from '../middleware/roles.ts';

/** Takes proved service accounts out of the OIDC statements of roles. */
export const handler = clusterFunction(rolesInput, (runtime, input) =>
  carryRoles(runtime, input, { kind: 'retire', step: (reach, roleArn) => retireOldTrust(reach, { runId: input.runId, roleArn }) }),
);
