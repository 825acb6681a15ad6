import type { KubernetesGateway, KubernetesObject } from '../../kubernetes/gateway.ts';
import { RESOURCES } from '../../kubernetes/resources.ts';
import type { BindingFacts, DaemonFacts, IdentityPolicyFact, MetadataInventory } from '../../model/metadata.ts';
import type { Account } from '../account.ts';
import type { ClusterObjects } from '../cluster-objects.ts';
import type { Draft } from '../workloads.ts';
import type { ConfigMapData } from './daemon-arguments.ts';
import { assumeGrants, defaultRoleUsers, type MetadataWorld } from './daemon-users.ts';
import { readDaemon } from './daemons.ts';
import type { FirstLists } from './first-lists.ts';
import { identityPolicies, pickAnnotations, readBinding } from './metadata-users.ts';

/** kiam's own namespace annotation. */
const PERMITTED = 'iam.amazonaws.com/permitted';

/** `NAMESPACE/NAME` of the service accounts with a workload that asks a daemon for a role. */
export function askingServiceAccounts(drafts: readonly Draft[], roleKeys: ReadonlySet<string>): Set<string> {
  const asks = (annotations: Readonly<Record<string, string>> | null) => [...roleKeys].some((key) => (annotations?.[key] ?? '') !== '');
  return new Set(
    drafts
      .filter(({ facts: { metadata } }) => metadata !== undefined && (asks(metadata.template) || metadata.live.some(asks)))
      .map(({ facts }) => `${facts.namespace}/${facts.serviceAccount}`),
  );
}

/** ARNs of the account's roles that annotations of these drafts may mean, whichever way a daemon completes them. */
export function rolesAskedFor(drafts: readonly Draft[], roleKeys: ReadonlySet<string>, roles: Account['roles']): Set<string> {
  const values = new Set<string>();
  for (const { facts } of drafts)
    for (const annotations of [facts.metadata?.template, ...(facts.metadata?.live ?? [])])
      for (const key of roleKeys) if (annotations?.[key]) values.add(annotations[key]);
  const names = new Set([...values].map((value) => value.split('/').at(-1)));
  return new Set(roles.filter((role) => names.has(role.roleName)).map((role) => role.arn));
}

/** All else that decisions about the daemons' pods need. */
export async function readMetadata(
  kubernetes: KubernetesGateway,
  first: FirstLists,
  objects: ClusterObjects,
  account: Account,
  world: MetadataWorld,
): Promise<MetadataInventory> {
  const spaces = new Set([...world.kept].map((id) => id.split('/')[0] as string));
  const namespaces = await kubernetes.list(RESOURCES.namespaces);
  const daemons = first.daemons.flatMap((object): DaemonFacts[] => {
    const { namespace = '', name } = object.metadata;
    const nodeNames = objects.daemonPods.filter((pod) => pod.owner === `${object.kind}/${namespace}/${name}`).map((pod) => pod.nodeName);
    const labels = namespaces.find(({ metadata }) => metadata.name === namespace)?.metadata.labels ?? {};
    const surroundings = { nodeNames, nodes: objects.nodes, labels };
    const daemon = readDaemon(object, first.configMaps.get(namespace) as ConfigMapData, surroundings);
    const identity = world.identities.get(`${object.kind}/${namespace}/${name}`);
    return daemon === undefined ? [] : [identity === undefined || identity.kind === 'node' ? daemon : { ...daemon, identity }];
  });
  const namespaceKeys = new Set([
    PERMITTED,
    ...daemons.flatMap(({ settings }) => (settings.part === 'kube2iam' ? [settings.namespaceKey] : [])),
  ]);
  const [roleBindings, clusterRoleBindings] = await Promise.all([
    kubernetes.list(RESOURCES.roleBindings),
    kubernetes.list(RESOURCES.clusterRoleBindings),
  ]);
  const bindings = [...roleBindings.map(kindly('RoleBinding')), ...clusterRoleBindings.map(kindly('ClusterRoleBinding'))]
    .map(readBinding)
    .filter((binding) => binding !== undefined);
  const taken = [
    ...world.serviceAccounts.map(({ metadata }) => `${metadata.namespace}/${metadata.name}`),
    ...bindings.flatMap((binding) => binding.serviceAccounts),
    ...account.associations.map((association) => `${association.namespace}/${association.serviceAccount}`),
  ];
  const { nodeRoles } = world;
  return {
    daemons: daemons.sort((a, b) => (a.subject < b.subject ? -1 : 1)),
    namespaces: namespaces
      .filter(({ metadata }) => spaces.has(metadata.name))
      .map(({ metadata }) => ({ name: metadata.name, annotations: pickAnnotations(metadata, namespaceKeys) }))
      .sort((a, b) => (a.name < b.name ? -1 : 1)),
    nodeRoleArns: nodeRoles.length === 0 ? null : [...nodeRoles].sort(),
    bindings: bindings.filter((binding) => binding.serviceAccounts.some((id) => world.kept.has(id))).sort(byBinding),
    identityPolicies: policiesNaming(objects.customs, world.kept),
    takenNames: [...new Set(taken)].filter((id) => spaces.has(id.split('/')[0] as string)).sort(),
    defaultRoleUsers: defaultRoleUsers(daemons, world),
    assumeGrants: assumeGrants(daemons, nodeRoles, account),
  };
}

function byBinding(a: BindingFacts, b: BindingFacts): number {
  return `${a.kind}/${a.namespace}/${a.name}` < `${b.kind}/${b.namespace}/${b.name}` ? -1 : 1;
}

/** Items of a list carry no kind where the API server leaves it out. */
function kindly(kind: string) {
  return (object: KubernetesObject): KubernetesObject => (object.kind === undefined ? { ...object, kind } : object);
}

/** Kinds of the tools that know pods by their service account. */
const IDENTITY_POLICIES = [
  'security.istio.io/AuthorizationPolicy',
  'kyverno.io/Policy',
  'kyverno.io/ClusterPolicy',
  'crd.projectcalico.org/NetworkPolicy',
  'cilium.io/CiliumNetworkPolicy',
];

/** The policies that name one of these service accounts. */
function policiesNaming(customs: ClusterObjects['customs'], kept: ReadonlySet<string>): IdentityPolicyFact[] {
  const objects = IDENTITY_POLICIES.flatMap((kind) => customs.get(kind) ?? []);
  const all = objects.flatMap((object) => identityPolicies(object, kept));
  return all.sort((a, b) => (`${a.subject} ${a.serviceAccount}` < `${b.subject} ${b.serviceAccount}` ? -1 : 1));
}
