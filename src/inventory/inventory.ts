import type { AwsGateways } from '../aws/gateways.ts';
import type { KubernetesGateway, KubernetesObject } from '../kubernetes/gateway.ts';
import { RESOURCES } from '../kubernetes/resources.ts';
import { type Clock, timestamp } from '../model/clock.ts';
import type { Inventory, ServiceAccountFacts } from '../model/inventory.ts';
import type { MigrationOptions } from '../model/options.ts';
import { isSelected, unmatchedSelectors } from '../model/selection.ts';
import { type Account, clusterFacts, readAccount, readAssociations, readRoles, trustingPods, trustingRoles } from './account.ts';
import { addonFacts } from './addons.ts';
import { readAgent } from './agent.ts';
import { fewPods, readObjects, type Scope } from './cluster-objects.ts';
import { annotationUsers } from './consumers/keda.ts';
import { joinWorkloads, markUnserved, nodeFacts, readConfigMaps } from './join.ts';
import { judgeMeshes } from './mesh/mesh.ts';
import { daemonAccount, daemonIdentities } from './metadata/daemon-identity.ts';
import { readFirstLists } from './metadata/first-lists.ts';
import { askingServiceAccounts, readMetadata, rolesAskedFor } from './metadata/metadata.ts';
import { shapeOf } from './metadata/metadata-users.ts';
import { objectOwners } from './owners/owners.ts';
import { platformFacts } from './platform.ts';
import { findServiceAccounts } from './service-accounts.ts';
import type { NamedRole } from './stale-roles.ts';

/**
 * Reads a cluster and its account, reduced to what decisions need: plain JSON, sorted, without secrets. One list per kind,
 * all pages; single reads only for what lists do not tell (an association's role, a role's tags, an add-on, a ConfigMap that
 * a workload uses). Throws what the gateways throw.
 */
export async function takeInventory(
  aws: AwsGateways,
  kubernetes: KubernetesGateway,
  options: MigrationOptions,
  clock: Clock,
): Promise<Inventory> {
  const takenAt = timestamp(clock);
  const prefix = options.annotationPrefix;
  const [account, serviceAccounts, first] = await Promise.all([
    readAccount(aws),
    kubernetes.list(RESOURCES.serviceAccounts),
    readFirstLists(kubernetes),
  ]);
  const served = first.daemons.length > 0;

  const candidates = findServiceAccounts(serviceAccounts, account, options);
  const names = new Set(candidates.map(idOf));
  const scope: Scope = {
    prefix,
    profiles: account.fargateProfiles,
    concerns: (namespace, name) => names.has(`${namespace}/${name}`) || (served && isChosen(options, namespace)),
    lists: (namespace) => options.namespaces.length === 0 || options.namespaces.includes(namespace),
    namedRole: namedRoles(serviceAccounts, options),
    podKeys: first.podKeys,
    roleKeys: first.roleKeys,
    family: account.cluster.ipFamily === 'ipv6' ? 'ipv6' : 'ipv4',
    fewPods: fewPods(options, first, names),
  };
  const daemons = new Set(first.daemons.map(daemonAccount));
  // All of an add-on's own are needed: an update names the whole list. A chosen one may be left of a service account that is gone.
  const summaries = account.associations.filter(({ ownerArn, namespace, serviceAccount }) => {
    const id = `${namespace}/${serviceAccount}`;
    return ownerArn !== undefined || names.has(id) || daemons.has(id) || isSelected(options, namespace, serviceAccount);
  });
  const [objects, associations, roles] = await Promise.all([
    readObjects(kubernetes, scope, first),
    readAssociations(aws, summaries),
    readRoles(aws, account.roles, wantedRoles(candidates, account, prefix)),
  ]);

  const ours = new Set(
    associations
      .filter((association) => association.podshiftRun !== null)
      .map((association) => `${association.namespace}/${association.serviceAccount}`),
  );
  const joined = joinWorkloads(objects, scope);
  const asking = askingServiceAccounts(joined, first.roleKeys);
  const kept = [
    ...candidates.filter((facts) => hasRole(facts, prefix) || facts.addon !== null || ours.has(idOf(facts)) || asking.has(idOf(facts))),
    ...plainServiceAccounts(serviceAccounts, names, asking, options),
  ].map((facts) => (asking.has(idOf(facts)) ? withShape(facts, serviceAccounts, prefix) : facts));
  const keptNames = new Set(kept.map(idOf));
  const keptBases = new Set(kept.map(({ name }) => name));
  const drafts = joined.filter(({ facts }) => keptNames.has(`${facts.namespace}/${facts.serviceAccount}`));
  await readConfigMaps(kubernetes, drafts, scope.family);
  await judgeMeshes(drafts, { kubernetes, deployments: first.deployments, customs: objects.customs, family: scope.family });
  const nodes = nodeFacts(objects);
  const platform = await platformFacts(aws, kubernetes, account, objects, clock);
  markUnserved(drafts, objects.nodes, platform.nodeRoles);
  const keptAssociations = associations.filter((association) => keptNames.has(`${association.namespace}/${association.serviceAccount}`));
  const otherAssociations = associations.filter(
    (association) => !keptAssociations.includes(association) && isSelected(options, association.namespace, association.serviceAccount),
  );
  const read = new Set(roles.map((role) => role.arn));
  const identities = daemonIdentities(first.daemons, { serviceAccounts, associations, configMaps: first.configMaps, prefix });
  const asked = [
    ...keptAssociations.map((association) => association.roleArn),
    ...rolesAskedFor(drafts, first.roleKeys, account.roles),
    ...[...identities.values()].flatMap((identity) => (identity.kind === 'role' ? [identity.roleArn] : [])),
  ];
  const missing = new Set(asked.filter((arn) => !read.has(arn)));
  const known = [...roles, ...(await readRoles(aws, account.roles, missing))];

  const unmatched = unmatchedSelectors(options, everyServiceAccount(serviceAccounts, account));

  return {
    version: 1,
    takenAt,
    ...(unmatched.length === 0 ? {} : { unmatched }),
    cluster: clusterFacts(account.cluster),
    annotationPrefix: prefix,
    agent: await readAgent(aws, account, objects.agentSets, objects.agentPods, nodes),
    nodes,
    serviceAccounts: sortBy(kept, idOf),
    workloads: sortBy(
      drafts.map((draft) => draft.facts),
      (facts) => `${facts.namespace}/${facts.serviceAccount}/${facts.kind}/${facts.name}`,
    ),
    indirectUsers: sortBy(
      [
        ...objects.consumers.users,
        ...annotationUsers(
          objects.consumers.annotationReaders,
          drafts.map(({ facts }) => facts),
        ),
      ].filter(({ namespace, serviceAccount }) =>
        namespace === '*' ? keptBases.has(serviceAccount) : keptNames.has(`${namespace}/${serviceAccount}`),
      ),
      (user) => `${user.subject} ${user.namespace}/${user.serviceAccount} ${user.needs}`,
    ),
    customResources: objects.consumers.customResources,
    roles: sortBy(known, (role) => role.arn),
    trusting: sortBy(trustingRoles(account, new Set(known.map(({ arn }) => arn))), ({ arn }) => arn),
    ...(account.trustPolicyQuota === undefined ? {} : { trustPolicyQuota: account.trustPolicyQuota }),
    oidcProviders: account.oidcProviders === null ? null : [...account.oidcProviders].sort(),
    associations: sortBy(keptAssociations, (association) => association.associationId),
    associated: sortBy(
      account.associations
        .filter(({ namespace, serviceAccount }) => isSelected(options, namespace, serviceAccount))
        .map(({ associationId, namespace, serviceAccount }) => ({ associationId, namespace, serviceAccount })),
      ({ associationId }) => associationId,
    ),
    otherAssociations: sortBy(otherAssociations, ({ associationId }) => associationId),
    trustingPods: sortBy(
      trustingPods(account, new Set(known.map(({ arn }) => arn)), new Set(otherAssociations.map(({ roleArn }) => roleArn))),
      ({ arn }) => arn,
    ),
    staleRoles: sortBy(objects.staleRoles, ({ subject, serviceAccount, roleArn }) => `${subject} ${serviceAccount} ${roleArn}`),
    addons: sortBy(
      await addonFacts(aws, account.addons, associations, account.cluster.version, (name) =>
        kept.flatMap((facts) => (facts.addon === name ? [facts.name] : [])),
      ),
      (addon) => addon.name,
    ),
    platform,
    legacy: sortBy(objects.legacy, (fact) => `${fact.subject} ${fact.kind}`),
    ...(served
      ? {
          metadata: await readMetadata(kubernetes, first, objects, account, {
            kept: keptNames,
            serviceAccounts,
            workloads: joined.map(({ facts }) => facts),
            hasRole: rolesOfTheirOwn(serviceAccounts, account, prefix),
            nodeRoles: platform.nodeRoles.map(({ arn }) => arn),
            identities,
          }),
        }
      : {}),
  };
}

/** Those of the cluster, and those of associations that outlived theirs. */
function everyServiceAccount(objects: readonly KubernetesObject[], { associations }: Account): Set<string> {
  return new Set([
    ...objects.map(({ metadata }) => `${metadata.namespace}/${metadata.name}`),
    ...associations.map(({ namespace, serviceAccount }) => `${namespace}/${serviceAccount}`),
  ]);
}

/** Service accounts that are here for what their pods ask kube2iam or kiam for, and for nothing else. */
function plainServiceAccounts(
  objects: readonly KubernetesObject[],
  known: ReadonlySet<string>,
  asking: ReadonlySet<string>,
  options: MigrationOptions,
): ServiceAccountFacts[] {
  return objects.flatMap(({ metadata }) => {
    const { namespace = '', name, uid = '', resourceVersion = '' } = metadata;
    const id = `${namespace}/${name}`;
    if (!asking.has(id) || known.has(id) || !isSelected(options, namespace, name)) return [];
    return [{ namespace, name, uid, resourceVersion, annotations: {}, owners: objectOwners(metadata), addon: null }];
  });
}

/** Service accounts whose pods get a role by IRSA or Pod Identity. */
function rolesOfTheirOwn(objects: readonly KubernetesObject[], account: Account, prefix: string): (id: string) => boolean {
  const annotated = objects.filter(({ metadata }) => metadata.annotations?.[`${prefix}/role-arn`] !== undefined);
  const ids = new Set([
    ...annotated.map(({ metadata }) => `${metadata.namespace}/${metadata.name}`),
    ...account.associations.map(({ namespace, serviceAccount }) => `${namespace}/${serviceAccount}`),
  ]);
  return (id) => ids.has(id);
}

function namedRoles(objects: readonly KubernetesObject[], options: MigrationOptions): NamedRole {
  const chosen = objects.filter(({ metadata: { namespace = '', name } }) => isSelected(options, namespace, name));
  const key = `${options.annotationPrefix}/role-arn`;
  const roles = new Map(chosen.map(({ metadata }) => [`${metadata.namespace}/${metadata.name}`, metadata.annotations?.[key] ?? null]));
  return (namespace, serviceAccount) => roles.get(`${namespace}/${serviceAccount}`);
}

function withShape(facts: ServiceAccountFacts, objects: readonly KubernetesObject[], prefix: string): ServiceAccountFacts {
  const object = objects.find(({ metadata }) => metadata.namespace === facts.namespace && metadata.name === facts.name);
  return object === undefined ? facts : { ...facts, shape: shapeOf(object, prefix) };
}

function isChosen(options: MigrationOptions, namespace: string): boolean {
  return options.namespaces.length === 0 || options.namespaces.includes(namespace);
}

function hasRole(facts: ServiceAccountFacts, prefix: string): boolean {
  return facts.annotations[`${prefix}/role-arn`] !== undefined;
}

function idOf(facts: { namespace: string; name: string }): string {
  return `${facts.namespace}/${facts.name}`;
}

/** The roles whose tags and trust policies decide something: those that a service account's annotation names. */
function wantedRoles(candidates: readonly ServiceAccountFacts[], account: Account, prefix: string): Set<string> {
  const annotated = candidates.filter((facts) => hasRole(facts, prefix));
  const existing = new Set(account.roles.map((role) => role.arn));
  return new Set(annotated.map((facts) => facts.annotations[`${prefix}/role-arn`] as string).filter((arn) => existing.has(arn)));
}

function sortBy<T>(items: readonly T[], key: (item: T) => string): T[] {
  return items
    .map((item) => ({ item, key: key(item) }))
    .sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0))
    .map(({ item }) => item);
}
