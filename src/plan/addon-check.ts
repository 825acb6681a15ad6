import type { AddonFacts, Inventory } from '../model/inventory.ts';
import type { AddonPlan } from '../model/plan.ts';
import { accountSubject, blockers, note, type UnitDraft, type World } from './draft.ts';
import { leave, planRestarts } from './workload-check.ts';

/** States that pass by waiting (EKS API reference, Addon.status). */
const BUSY = new Set(['CREATING', 'UPDATING']);

/** Whether an add-on is in a state that passes by itself: it is being made or updated. */
export function isBusy({ status }: { readonly status: string }): boolean {
  return BUSY.has(status);
}

/** Names of the add-ons with a service account of the inventory that are being made or updated: they are worth waiting for. */
export function busyAddons({ addons, serviceAccounts }: Inventory): string[] {
  const used = new Set(serviceAccounts.map(({ addon }) => addon));
  return addons.filter((addon) => used.has(addon.name) && isBusy(addon)).map(({ name }) => name);
}

/** Said of each workload of an add-on. */
const EKS_RESTARTS = 'EKS restarts it with its add-on';

/** The add-on of a unit, as found. */
export function addonOf(unit: UnitDraft, world: World): AddonFacts | undefined {
  return unit.facts.addon === null ? undefined : world.inventory.addons.find(({ name }) => name === unit.facts.addon);
}

/** Whether the unit's add-on can be moved by UpdateAddon, with everything else about it left as it is. */
export function checkAddon(unit: UnitDraft, addon: AddonFacts, world: World): void {
  const subject = `Addon/${addon.name}`;
  const { name } = unit.facts;
  const account = accountSubject(unit);
  if (!addon.podIdentity.includes(name)) {
    const message = `version ${addon.version} of the add-on ${addon.name} does not support Pod Identity for ${unit.id}`;
    const offer =
      addon.upgradeTo === null
        ? `no version of it for Kubernetes ${world.inventory.cluster.version} does`
        : `version ${addon.upgradeTo} does`;
    const remedy =
      addon.upgradeTo === null
        ? 'Leave it on IRSA until EKS offers a version that supports Pod Identity.'
        : `Update the add-on ${addon.name} to ${addon.upgradeTo}, then plan again.`;
    note(unit, 'PS605', account, `${message}; ${offer}`, remedy);
  }
  if (unit.association !== undefined && unit.association.ownerArn === null)
    note(
      unit,
      'PS606',
      account,
      `association ${unit.association.associationId} of ${unit.id} stands free; the add-on ${addon.name} cannot adopt it`,
    );
  if (unit.association === undefined && !hasAnnotation(unit, world))
    note(unit, 'PS612', account, `the add-on ${addon.name} has the role ${unit.roleArn}, and ${unit.id} is not annotated with it`);
  if (isBusy(addon)) note(unit, 'PS608', account, `the add-on ${addon.name} is ${addon.status}`);
  else if (addon.status !== 'ACTIVE') {
    const issues = addon.issues.length === 0 ? '' : ` (${addon.issues.join(', ')})`;
    note(unit, 'PS607', account, `the add-on ${addon.name} is ${addon.status}${issues}`);
  }
  if (!addon.configurationReadable)
    note(unit, 'PS609', account, `the configuration values of the add-on ${addon.name} are no JSON or YAML of an object`);
  checkSharing(unit, subject, world);
  if (addon.serviceAccountRoleArn === null && hasAnnotation(unit, world))
    note(
      unit,
      'PS613',
      account,
      `the add-on ${addon.name} has no role of its own, and ${unit.id} is annotated: its configuration values say so`,
    );
  // What would keep pods from being renewed keeps EKS from it too; podshift evicts none of them.
  planRestarts(unit, { ...world, options: { ...world.options, allowPodDeletion: false } });
  if (unit.workloads.some((workload) => workload.livePods > 0))
    note(unit, 'PS614', account, `EKS rolls the pods of ${unit.id} when the add-on ${addon.name} is updated`);
  leaveToEks(unit);
}

/** Nothing of an add-on is restarted by podshift. */
export function leaveToEks(unit: UnitDraft): void {
  unit.plans = unit.workloads.map((workload) => leave(workload, EKS_RESTARTS));
}

function hasAnnotation(unit: UnitDraft, { inventory }: World): boolean {
  return unit.facts.annotations[`${inventory.annotationPrefix}/role-arn`] !== undefined;
}

function checkSharing(unit: UnitDraft, subject: string, { inventory }: World): void {
  const key = `${inventory.annotationPrefix}/role-arn`;
  const others = inventory.serviceAccounts
    .filter((facts) => facts.annotations[key] === unit.roleArn && facts.addon !== unit.facts.addon)
    .map(({ namespace, name }) => `${namespace}/${name}`);
  if (others.length > 0)
    note(unit, 'PS611', accountSubject(unit), `the role ${unit.roleArn} of ${subject} is also that of ${others.join(', ')}`);
}

/**
 * One update moves all service accounts of an add-on: where one that would have to move is held, so are the others. Answers
 * whether any was held now.
 */
export function holdTogether(units: readonly UnitDraft[]): boolean {
  let changed = false;
  for (const [name, members] of Map.groupBy(units, (unit) => unit.facts.addon)) {
    if (name === null) continue;
    const held = members.find((unit) => blockers(unit).length > 0);
    if (held === undefined) continue;
    for (const unit of members) {
      if (blockers(unit).length > 0 || unit.settled) continue;
      note(unit, 'PS610', accountSubject(unit), `${held.id} of the same add-on ${name} is held: ${blockers(held)[0]?.message}`);
      changed = true;
    }
  }
  return changed;
}

/** What UpdateAddon will be asked for, and what it would be asked for to take that back. */
export function addonPlan(addon: AddonFacts, migrating: readonly UnitDraft[]): AddonPlan {
  const moved = migrating
    .filter((unit) => unit.facts.addon === addon.name)
    .map((unit) => ({ serviceAccount: unit.facts.name, roleArn: unit.roleArn }));
  const kept = addon.associations.filter((one) => !moved.some(({ serviceAccount }) => serviceAccount === one.serviceAccount));
  const associations = [...kept, ...moved].sort(
    (a, b) => Number(a.serviceAccount > b.serviceAccount) - Number(a.serviceAccount < b.serviceAccount),
  );
  return {
    name: addon.name,
    version: addon.version,
    configurationHash: addon.configurationHash,
    before: { serviceAccountRoleArn: addon.serviceAccountRoleArn, associations: addon.associations },
    after: { serviceAccountRoleArn: null, associations },
  };
}
