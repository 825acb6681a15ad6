import type { IamGateway } from '../../aws/gateways.ts';
import { PodshiftError } from '../../model/errors.ts';
import type { AddonPermissions } from '../../plan/addon-permissions.ts';

/** The tag on a role that podshift made for an add-on; its value is the add-on's name. */
const ADDON_TAG = 'podshift/addon';

/**
 * Makes the roles that an add-on needs, with the policies that EKS recommends and the scoped trust statement. A role of an
 * earlier try is completed; one of the same name that podshift did not make is left alone. Answers their ARNs. Throws
 * `AlreadyExists`, and nothing has been created then.
 */
export async function createAddonRoles(iam: IamGateway, permissions: AddonPermissions): Promise<string[]> {
  const { addonName } = permissions;
  const existing = new Map<string, string>();
  for (const { roleName } of permissions.roles) {
    const found = await iam.getRole(roleName);
    if (found === undefined) continue;
    if (found.tags[ADDON_TAG] !== addonName)
      throw new PodshiftError('AlreadyExists', `the role ${found.arn} exists, and podshift did not make it`);
    existing.set(roleName, found.arn);
  }
  const arns: string[] = [];
  for (const { roleName, trustPolicy, managedPolicies } of permissions.roles) {
    const arn = existing.get(roleName) ?? (await iam.createRole(roleName, trustPolicy, { [ADDON_TAG]: addonName }));
    for (const policy of managedPolicies) await iam.attachRolePolicy(roleName, policy);
    arns.push(arn);
  }
  return arns;
}
