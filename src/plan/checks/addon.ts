import type { AddonFacts } from '../../model/inventory.ts';
import { isBusy } from '../addon.ts';
import type { UnitFacts } from '../unit-facts.ts';
import { annotatedRole, idOf } from '../world.ts';
import type { Answers } from './check.ts';
import { ofAccount, type Said, type UnitCheck, type UnitTable } from './unit-rows.ts';

/** Looks at a unit of an add-on that was found. */
type AddonCheck = (addon: AddonFacts, unit: UnitFacts) => Answers<Said>;

const withoutPodIdentity: AddonCheck = ({ name, version, podIdentity, upgradeTo: newer, upgradePodIdentity }, { id, facts, world }) => {
  if (podIdentity.includes(facts.name)) return undefined;
  const upgradeTo = upgradePodIdentity?.includes(facts.name) === false ? null : newer;
  const message = `version ${version} of the add-on ${name} does not support Pod Identity for ${id}`;
  return upgradeTo === null
    ? {
        message: `${message}; no version of it for Kubernetes ${world.inventory.cluster.version} does`,
        remedy: 'Leave it on IRSA until EKS offers a version that supports Pod Identity.',
      }
    : {
        message: `${message}; version ${upgradeTo} does`,
        remedy: `Update the add-on ${name} to ${upgradeTo}, then plan again: aws eks update-addon --cluster-name ${world.inventory.cluster.name} --addon-name ${name} --addon-version ${upgradeTo} --resolve-conflicts PRESERVE.`,
      };
};

const foreignAssociation: AddonCheck = ({ name }, { id, association }) =>
  association !== undefined && association.ownerArn === null
    ? `association ${association.associationId} of ${id} stands free; the add-on ${name} cannot adopt it`
    : undefined;

const unhealthy: AddonCheck = (addon) => {
  if (isBusy(addon) || addon.status === 'ACTIVE') return undefined;
  const issues = addon.issues.length === 0 ? '' : ` (${addon.issues.join(', ')})`;
  return `the add-on ${addon.name} is ${addon.status}${issues}`;
};

const updating: AddonCheck = (addon) => (isBusy(addon) ? `the add-on ${addon.name} is ${addon.status}` : undefined);

const unreadableValues: AddonCheck = ({ name, configurationReadable }) =>
  configurationReadable ? undefined : `the configuration values of the add-on ${name} are no JSON or YAML of an object`;

const sharedRole: AddonCheck = ({ name }, { facts, roleArn, world }) => {
  const others = world.inventory.serviceAccounts
    .filter(({ annotations, addon }) => annotatedRole(annotations, world) === roleArn && addon !== facts.addon)
    .map(idOf);
  return others.length > 0 ? `the role ${roleArn} of Addon/${name} is also that of ${others.join(', ')}` : undefined;
};

const roleNotReached: AddonCheck = ({ name }, unit) =>
  unit.association === undefined && !isAnnotated(unit)
    ? `the add-on ${name} has the role ${unit.roleArn}, and ${unit.id} is not annotated with it`
    : undefined;

const annotatedByValues: AddonCheck = ({ name, serviceAccountRoleArn }, unit) =>
  serviceAccountRoleArn === null && isAnnotated(unit)
    ? `the add-on ${name} has no role of its own, and ${unit.id} is annotated: its configuration values say so`
    : undefined;

const restartedByEks: AddonCheck = ({ name }, { id, workloads }) =>
  workloads.some(({ workload }) => workload.livePods > 0) ? `EKS rolls the pods of ${id} when the add-on ${name} is updated` : undefined;

/** Whether an add-on can be moved by UpdateAddon, with everything else about it left as it is (PS6xx). */
export const ADDONS: UnitTable = [
  ofAccount('PS605', ofAddon(withoutPodIdentity), 'unless-associated'),
  ofAccount('PS606', ofAddon(foreignAssociation), 'unless-associated'),
  ofAccount('PS607', ofAddon(unhealthy), 'unless-associated'),
  ofAccount('PS608', ofAddon(updating), 'unless-associated'),
  ofAccount('PS609', ofAddon(unreadableValues), 'unless-associated'),
  ofAccount('PS611', ofAddon(sharedRole), 'unless-associated'),
  ofAccount('PS612', ofAddon(roleNotReached), 'unless-associated'),
  ofAccount('PS613', ofAddon(annotatedByValues), 'if-migrated'),
  ofAccount('PS614', ofAddon(restartedByEks), 'if-migrated'),
];

function ofAddon(check: AddonCheck): UnitCheck {
  // The table is that of units whose add-on was found.
  return (unit) => check(unit.addon as AddonFacts, unit);
}

function isAnnotated({ facts, world }: UnitFacts): boolean {
  return annotatedRole(facts.annotations, world) !== undefined;
}
