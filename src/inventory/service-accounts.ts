import type { KubernetesObject } from '../kubernetes/gateway.ts';
import { AGENT } from '../model/agent.ts';
import type { ServiceAccountFacts } from '../model/inventory.ts';
import type { MigrationOptions } from '../model/options.ts';
import { isSelected } from '../model/selection.ts';
import type { Account } from './account.ts';
import { owningAddon } from './addons.ts';
import { chartOf } from './owners/chart-values.ts';
import { annotationOwners, isAppliedByEks } from './owners/owners.ts';

/**
 * The chosen service accounts that may become units: annotated, an add-on's with a role, or associated (the tag of a free
 * association then tells whether podshift made it). One update moves all service accounts of an add-on, so that one of them
 * being chosen chooses the others.
 */
export function findServiceAccounts(
  objects: readonly KubernetesObject[],
  account: Account,
  options: MigrationOptions,
): ServiceAccountFacts[] {
  const prefix = options.annotationPrefix;
  const addonOf = addonFinder(account);
  const associated = new Set(account.associations.map((association) => `${association.namespace}/${association.serviceAccount}`));
  const withRole = new Set(
    account.addons.filter(({ addon }) => addon.serviceAccountRoleArn !== undefined).map(({ addon }) => addon.addonName),
  );
  const candidates = objects.flatMap((object): ServiceAccountFacts[] => {
    const { namespace = '', name } = object.metadata;
    const role = object.metadata.annotations?.[`${prefix}/role-arn`];
    const addon = addonOf(object, role);
    const chart = chartOf(object.metadata);
    const isAssociated = associated.has(`${namespace}/${name}`);
    if (role === undefined && !isAssociated && (addon === null || !withRole.has(addon))) return [];
    return [
      {
        namespace,
        name,
        uid: object.metadata.uid ?? '',
        resourceVersion: object.metadata.resourceVersion ?? '',
        annotations: Object.fromEntries(
          Object.entries(object.metadata.annotations ?? {})
            .filter(([key]) => key.startsWith(`${prefix}/`))
            .sort(),
        ),
        owners: annotationOwners(object.metadata, `${prefix}/role-arn`),
        ...(chart === undefined ? {} : { chart }),
        addon,
      },
    ];
  });
  const chosen = candidates.filter(({ namespace, name }) => isSelected(options, namespace, name));
  const addons = new Set(chosen.flatMap(({ addon }) => (addon === null ? [] : [addon])));
  return candidates.filter((facts) => chosen.includes(facts) || (facts.addon !== null && addons.has(facts.addon)));
}

/** The add-on that a service account belongs to: by its name, by who owns its association, or by its field manager and role. */
function addonFinder(account: Account): (object: KubernetesObject, role: string | undefined) => string | null {
  const installed = account.addons.filter(({ addon }) => addon.addonName !== AGENT);
  const known = new Map(installed.flatMap(({ addon, serviceAccounts }) => serviceAccounts.map((id) => [id, addon.addonName] as const)));
  const owned = new Map(
    account.associations.map((association) => [
      `${association.namespace}/${association.serviceAccount}`,
      owningAddon(association.ownerArn),
    ]),
  );
  return (object, role) => {
    const id = `${object.metadata.namespace ?? ''}/${object.metadata.name}`;
    const applied =
      role !== undefined && isAppliedByEks(object.metadata)
        ? installed.find(({ addon }) => addon.serviceAccountRoleArn === role)?.addon.addonName
        : undefined;
    return known.get(id) ?? owned.get(id) ?? applied ?? null;
  };
}
