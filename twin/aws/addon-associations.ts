import type { AddonDescription } from '../snapshot.ts';
import type { Addons } from './addons.ts';
import { AwsError } from './errors.ts';
import type { AssociationState } from './records.ts';
import { checkRole } from './role-check.ts';
import type { AwsState } from './state.ts';

/** A row of `podIdentityAssociations` in CreateAddon and UpdateAddon. */
export interface WantedAssociation {
  readonly serviceAccount: string;
  readonly roleArn: string;
}

/** What EKS looks at when it is asked for an add-on's associations. */
type Asked = Pick<AddonDescription, 'addonName' | 'addonVersion' | 'addonArn'>;

/** The associations that belong to the add-on. */
export function ownedAssociations(state: AwsState, { addonArn }: Asked): AssociationState[] {
  return [...state.associations.values()].filter((one) => one.ownerArn !== undefined && one.ownerArn === addonArn);
}

/** Throws the service's errors where EKS would not give the add-on these associations. */
export function checkWanted(state: AwsState, addons: Addons, addon: Asked, wanted: readonly WantedAssociation[]): void {
  const { addonName, addonVersion, addonArn } = addon;
  const { name: clusterName } = state.cluster;
  const invalid = (message: string) => new AwsError('InvalidParameterException', 400, message, { clusterName, addonName });
  const supported = addons.configuration(addonName, addonVersion).podIdentityConfiguration.map((one) => one.serviceAccount);
  if (wanted.length > 0 && supported.length === 0)
    throw invalid(`Pod Identity feature is not supported for addon version: ${addonVersion}`);
  for (const { serviceAccount, roleArn } of wanted) {
    if (!supported.includes(serviceAccount))
      throw invalid(`Service account ${serviceAccount} in pod identity configuration is not supported for addon ${addonName}`);
    checkRole(state, roleArn);
    const living = state.associationOf(addons.namespaceOf(addon), serviceAccount);
    if (living !== undefined && (living.ownerArn === undefined || living.ownerArn !== addonArn))
      throw new AwsError('ResourceInUseException', 409, `Association already exists: ${living.associationId}`, { clusterName });
  }
}

/** Makes the add-on's associations those of the list. */
export function replaceOwned(state: AwsState, addons: Addons, addon: Asked, wanted: readonly WantedAssociation[]): AssociationState[] {
  const before = ownedAssociations(state, addon);
  const namespace = addons.namespaceOf(addon);
  for (const one of before)
    if (!wanted.some(({ serviceAccount }) => serviceAccount === one.serviceAccount)) state.deleteAssociation(one, 'request');
  return wanted.map(({ serviceAccount, roleArn }) => {
    const living = before.find((one) => one.serviceAccount === serviceAccount);
    if (living === undefined) return state.createAssociation({ namespace, serviceAccount, roleArn }, 'request', addon.addonArn);
    if (living.roleArn !== roleArn)
      state.updateAssociation(living, { roleArn, targetRoleArn: undefined, disableSessionTags: undefined, policy: undefined }, 'request');
    return living;
  });
}
