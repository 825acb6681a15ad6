import type { AddonFacts, Inventory } from '../model/inventory.ts';
import type { AddonPlan } from '../model/plan.ts';
import type { UnitFacts } from './unit-facts.ts';
import { compareText } from './waves.ts';

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

/** What UpdateAddon is asked for, and what it would be asked for to roll back. */
export function addonPlan(addon: AddonFacts, migrating: readonly UnitFacts[]): AddonPlan {
  const moved = migrating
    .filter((unit) => unit.facts.addon === addon.name)
    .map((unit) => ({ serviceAccount: unit.facts.name, roleArn: unit.roleArn }));
  const kept = addon.associations.filter((one) => !moved.some(({ serviceAccount }) => serviceAccount === one.serviceAccount));
  const associations = [...kept, ...moved].sort((a, b) => compareText(a.serviceAccount, b.serviceAccount));
  return {
    name: addon.name,
    version: addon.version,
    configurationHash: addon.configurationHash,
    before: { serviceAccountRoleArn: addon.serviceAccountRoleArn, associations: addon.associations },
    after: { serviceAccountRoleArn: null, associations },
  };
}
