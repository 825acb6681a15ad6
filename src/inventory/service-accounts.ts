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
  const addonOf = addonFinder(account, `${prefix}/role-arn`);
  const associated = new Set(account.associations.map((association) => `${association.namespace}/${association.serviceAccount}`));
  const withRole = new Set(
    account.addons.filter(({ addon }) => addon.serviceAccountRoleArn !== undefined).map(({ addon }) => addon.addonName),
  );
  const candidates = objects.flatMap((object) => {
    const { namespace = '', name } = object.metadata;
    const role = object.metadata.annotations?.[`${prefix}/role-arn`];
    const addon = addonOf(object, role);
    const isAssociated = associated.has(`${namespace}/${name}`);
    if (role === undefined && !isAssociated && (addon === null || !withRole.has(addon))) return [];
    return [{ object, addon, isChosen: isSelected(options, namespace, name) }];
  });
  const addons = new Set(candidates.flatMap(({ addon, isChosen }) => (addon === null || !isChosen ? [] : [addon])));
  // Owners and charts are asked of those that stay, which are few where one was chosen.
  return candidates
    .filter(({ addon, isChosen }) => isChosen || (addon !== null && addons.has(addon)))
    .map(({ object, addon }) => factsOf(object, addon, prefix));
}

function factsOf({ metadata }: KubernetesObject, addon: string | null, prefix: string): ServiceAccountFacts {
  const { namespace = '', name, uid = '', resourceVersion = '', annotations = {} } = metadata;
  const chart = chartOf(metadata);
  return {
    namespace,
    name,
    uid,
    resourceVersion,
    annotations: Object.fromEntries(
      Object.entries(annotations)
        .filter(([key]) => key.startsWith(`${prefix}/`))
        .sort(),
    ),
    owners: annotationOwners(metadata, `${prefix}/role-arn`),
    ...(chart === undefined ? {} : { chart }),
    addon,
  };
}

/**
 * The add-on that a service account belongs to: named by its configuration, owning its association, or with its role: applied by EKS, or in
 * the add-on's namespace where nobody else sets the annotation. One that is labelled as managed by EKS is that of the add-on which its
 * labels name, or of the only one in its namespace.
 */
function addonFinder(account: Account, roleKey: string): (object: KubernetesObject, role: string | undefined) => string | null {
  const installed = account.addons.filter(({ addon }) => addon.addonName !== AGENT);
  const known = new Map(installed.flatMap(({ addon, serviceAccounts }) => serviceAccounts.map((id) => [id, addon.addonName] as const)));
  const owned = new Map(
    account.associations.map((association) => [
      `${association.namespace}/${association.serviceAccount}`,
      owningAddon(association.ownerArn),
    ]),
  );
  const named = new Map(installed.flatMap(({ addon, named: ids }) => ids.map((id) => [id, addon.addonName] as const)));
  const byRole = ({ metadata }: KubernetesObject, role: string): string | undefined => {
    const isFree = annotationOwners(metadata, roleKey).length === 0;
    return installed.find(
      ({ addon, namespace }) =>
        addon.serviceAccountRoleArn === role && (isAppliedByEks(metadata) || (isFree && namespace === metadata.namespace)),
    )?.addon.addonName;
  };
  const byLabel = ({ metadata: { namespace, labels = {} } }: KubernetesObject): string | undefined => {
    if (!/^eks$/i.test(labels['app.kubernetes.io/managed-by'] ?? '')) return undefined;
    const near = installed.filter((one) => one.namespace === namespace).map(({ addon }) => addon.addonName);
    const names = ADDON_LABELS.map((key) => labels[key]);
    return near.find((name) => names.includes(name)) ?? (near.length === 1 ? near[0] : undefined);
  };
  return (object, role) => {
    const id = `${object.metadata.namespace ?? ''}/${object.metadata.name}`;
    const certain = known.get(id) ?? owned.get(id);
    // One without a role may be a part of the add-on that needs none.
    if (certain !== undefined || role === undefined) return certain ?? null;
    return named.get(id) ?? byRole(object, role) ?? byLabel(object) ?? null;
  };
}

/** Labels in which EKS's charts write the add-on's name. */
const ADDON_LABELS = ['app.kubernetes.io/instance', 'app.kubernetes.io/name', 'app.kubernetes.io/part-of', 'k8s-app'];
