import pLimit from 'p-limit';
import type { FargateProfile } from '../aws/gateways.ts';
import type { KubernetesGateway, KubernetesObject, OwnerReference, Resource } from '../kubernetes/gateway.ts';
import { RESOURCES } from '../kubernetes/resources.ts';
import type { AgentPortFact, LegacyFact, StaleRoleFact } from '../model/inventory.ts';
import type { MigrationOptions } from '../model/options.ts';
import { type AgentPod, type AgentSet, agentPod, agentSet, isAgent } from './agent.ts';
import { type Budget, blockingBudgets } from './budgets.ts';
import { type Consumers, readConsumers, type Whole } from './consumers/read.ts';
import { identityController } from './controllers.ts';
import { agentPortsHeld } from './host-ports.ts';
import { irsaProviderClasses, legacyFacts } from './indirect.ts';
import type { FirstLists } from './metadata/first-lists.ts';
import { cutsOffByPodGroups, type EgressPolicy, egressPolicies, type Family, takesPort80 } from './network.ts';
import { type Node, readNode } from './nodes.ts';
import { injectedRole } from './overrides.ts';
import { isReady, type LivePod, readLivePod } from './pods.ts';
import { isTemplateOfOthers, rolloutDrafts } from './rollouts.ts';
import { type NamedRole, type StalePod, stalePod, staleRoles } from './stale-roles.ts';
import { controllerOf, type Draft, draftWorkload, isKnown, serviceAccountOf, templateOf } from './workloads.ts';

/** Lists under way at a time: each holds a page of its kind's objects, or all where they are wanted whole. */
const CONCURRENCY = 3;

/** Service accounts whose pods are asked for one by one; beyond this many, one list of all pods costs fewer calls. */
const MOST = 10;

/** Lists the pods of a few service accounts, and the agent's, in place of all pods of the cluster. */
type PodList = (kubernetes: KubernetesGateway) => Promise<KubernetesObject[]>;

/**
 * How the pods are listed that decide something where a few service accounts were chosen; undefined where all pods have to be seen:
 * because there are many, because kube2iam or kiam may serve any of them, or because the agent does not run on every node yet, and any
 * pod may hold a port that it needs.
 *
 * @param ids `NAMESPACE/NAME` of the service accounts whose workloads are looked at
 */
export function fewPods(options: MigrationOptions, first: FirstLists, ids: ReadonlySet<string>): PodList | undefined {
  const wanted = [...new Set([...options.serviceAccounts, ...ids])];
  const agents = first.daemonSets.filter(isAgent).map(agentSet);
  const isServed = agents.length > 0 && agents.every(({ desired, ready }) => desired > 0 && ready >= desired);
  if (options.serviceAccounts.length === 0 || wanted.length > MOST || first.daemons.length > 0 || !isServed) return undefined;
  return async (kubernetes) => {
    const lists = await Promise.all([
      ...wanted.map((id) => {
        const [namespace = '', name] = id.split('/');
        return kubernetes.list(RESOURCES.pods, { namespace, fieldSelector: `spec.serviceAccountName=${name}` });
      }),
      ...agents.map(({ namespace, labelSelector }) => kubernetes.list(RESOURCES.pods, { namespace, labelSelector })),
    ]);
    // The agent's own service account may be one of them.
    return [...new Map(lists.flat().map((pod) => [`${pod.metadata.namespace}/${pod.metadata.name}`, pod])).values()];
  };
}

/** What is asked of every list. */
export interface Scope {
  readonly prefix: string;
  readonly profiles: readonly FargateProfile[];
  /** Whether a service account's workloads belong in the inventory. */
  readonly concerns: (namespace: string, serviceAccount: string) => boolean;
  /** Whether a namespace was chosen at all, for what is only listed. */
  readonly lists: (namespace: string) => boolean;
  readonly namedRole: NamedRole;
  /** Pod annotations that kube2iam or kiam read; empty where neither runs. */
  readonly podKeys: ReadonlySet<string>;
  /** Those among them that name a role. */
  readonly roleKeys: ReadonlySet<string>;
  /** Which of the agent's addresses the cluster's pods are given. */
  readonly family: Family;
  /** How the pods are listed, where not all of the cluster's are wanted. */
  readonly fewPods: PodList | undefined;
}

/** The cluster's objects, reduced list by list. */
export interface ClusterObjects {
  readonly nodes: readonly Node[];
  readonly drafts: readonly Draft[];
  readonly pods: readonly LivePod[];
  /** Controllers of ReplicaSets and Jobs, by the UID of these. */
  readonly above: ReadonlyMap<string, OwnerReference>;
  readonly budgets: readonly Budget[];
  readonly consumers: Consumers;
  /** Custom resources that say what pods reach, or get, beyond their own specs, by `GROUP/KIND`. */
  readonly customs: Whole;
  readonly providerClasses: ReadonlySet<string>;
  readonly legacy: readonly LegacyFact[];
  readonly staleRoles: readonly StaleRoleFact[];
  readonly egress: readonly EgressPolicy[];
  /** Workloads that take port 80 of their nodes, and those of controllers that manage associations; `Kind/namespace/name`. */
  readonly port80: readonly string[];
  readonly agentPorts: readonly AgentPortFact[];
  readonly controllers: readonly string[];
  /** Those among them that delete an association when the annotation goes. */
  readonly annotationControllers: readonly string[];
  readonly podGroupsCutOff: boolean;
  readonly agentSets: readonly AgentSet[];
  readonly agentPods: readonly AgentPod[];
  /** Nodes with a ready pod of kube2iam or kiam, by `Kind/namespace/name` of its owner. */
  readonly daemonPods: readonly { readonly owner: string; readonly nodeName: string }[];
}

/** Reads every list that decisions need, once, all namespaces at a time; a kind that is not served is an empty list. */
export async function readObjects(kubernetes: KubernetesGateway, scope: Scope, first: FirstLists): Promise<ClusterObjects> {
  const limit = pLimit(CONCURRENCY);
  const drafts: Draft[] = [];
  const pods: LivePod[] = [];
  const above = new Map<string, OwnerReference>();
  const legacy: LegacyFact[] = [];
  const stalePods: StalePod[] = [];
  const ownPairs = new Set<string>();
  const agentSets: AgentSet[] = [];
  const agentPods: AgentPod[] = [];
  const daemonPods: ClusterObjects['daemonPods'][number][] = [];
  const daemonNames = new Map(first.daemons.map(({ kind, metadata }) => [`${metadata.namespace}/${metadata.name}`, kind]));
  const port80: string[] = [];
  const agentPorts = new Map<string, AgentPortFact>();
  const controllers: string[] = [];
  const byAnnotation: string[] = [];
  let podGroupsCutOff = false;

  const holdsAgentPort = (object: KubernetesObject, subject: string) => {
    const held = agentPortsHeld(object, subject);
    if (held !== undefined) agentPorts.set(subject, held);
  };
  const rollouts: KubernetesObject[] = [];
  const templates = new Map<string, KubernetesObject>();
  const workload = (object: KubernetesObject) => {
    const controller = controllerOf(object);
    if (controller !== undefined && object.metadata.uid !== undefined) above.set(object.metadata.uid, controller);
    if (object.metadata.uid !== undefined && injectedRole(templateOf(object)?.spec) !== undefined) ownPairs.add(object.metadata.uid);
    if (isAgent(object)) agentSets.push(agentSet(object));
    if (object.kind === 'DaemonSet' && object.metadata.name === 'aws-node') podGroupsCutOff ||= cutsOffByPodGroups(object);
    notePlatform(object, port80, controllers, byAnnotation);
    if (controller === undefined && !isAgent(object))
      holdsAgentPort(object, `${object.kind}/${object.metadata.namespace ?? ''}/${object.metadata.name}`);
    if (controller !== undefined && isKnown(controller)) return;
    const namespace = object.metadata.namespace ?? '';
    if (isTemplateOfOthers(object)) templates.set(`${object.kind}/${namespace}/${object.metadata.name}`, object);
    if (object.kind === 'Rollout' && templateOf(object) === undefined) rollouts.push(object);
    if (scope.lists(namespace)) legacy.push(...legacyFacts(object, scope.roleKeys));
    const serviceAccount = serviceAccountOf(templateOf(object)?.spec);
    if (templateOf(object) !== undefined && scope.concerns(namespace, serviceAccount))
      drafts.push(draftWorkload(object, serviceAccount, scope));
  };
  const pod = (object: KubernetesObject) => {
    const controller = controllerOf(object);
    const ofAgent = agentPod(object);
    if (ofAgent !== undefined) agentPods.push(ofAgent);
    const namespace = object.metadata.namespace ?? '';
    // Pods of no workload that is listed: their own spec alone says what they take.
    if (controller === undefined || !isKnown(controller)) {
      // The owner of a static pod is its node.
      const above = controller === undefined || controller.kind === 'Node' ? { kind: 'Pod', name: object.metadata.name } : controller;
      holdsAgentPort(object, `${above.kind}/${namespace}/${above.name}`);
    }
    const owner = `${namespace}/${controller?.kind === 'ReplicaSet' ? controller.name.replace(/-[^-]+$/, '') : controller?.name}`;
    if (daemonNames.has(owner) && isReady(object) && object.spec?.nodeName !== undefined)
      daemonPods.push({ owner: `${daemonNames.get(owner)}/${owner}`, nodeName: object.spec.nodeName });
    if ((controller === undefined || !isKnown(controller)) && scope.lists(namespace)) legacy.push(...legacyFacts(object, scope.roleKeys));
    const stale = stalePod(object, scope.namedRole);
    if (stale !== undefined) stalePods.push(stale);
    if (!scope.concerns(namespace, serviceAccountOf(object.spec))) return;
    const live = readLivePod(object, scope);
    if (live !== undefined) pods.push(live);
  };
  const each = (resource: Resource, reduce: (object: KubernetesObject) => void) =>
    limit(() => kubernetes.visit(resource, (object) => reduce(withKind(object, resource))));
  const some = async (list: PodList, resource: Resource, reduce: (object: KubernetesObject) => void) => {
    for (const object of await limit(() => list(kubernetes))) reduce(withKind(object, resource));
  };
  const whole = (resource: Resource) => limit(() => kubernetes.list(resource));

  const policies = async (resource: Resource) => (await whole(resource)).map((object) => withKind(object, resource));

  for (const object of [...first.daemonSets, ...first.deployments]) workload(object);
  const [nodes, budgets, { whole: customs, ...consumers }, network] = await Promise.all([
    whole(RESOURCES.nodes),
    whole(RESOURCES.podDisruptionBudgets),
    readConsumers(kubernetes, { limit, roleKeys: scope.roleKeys, keep: isWanted }),
    policies(RESOURCES.networkPolicies),
    scope.fewPods === undefined ? each(RESOURCES.pods, pod) : some(scope.fewPods, RESOURCES.pods, pod),
    ...[
      RESOURCES.statefulSets,
      RESOURCES.replicaSets,
      RESOURCES.replicationControllers,
      RESOURCES.jobs,
      RESOURCES.cronJobs,
      RESOURCES.argoRollouts,
    ].map((resource) => each(resource, workload)),
  ]);
  drafts.push(...rolloutDrafts(rollouts, templates, drafts, scope));
  const cilium = customs.get('cilium.io/CiliumNetworkPolicy') ?? [];
  const ciliumClusterwide = customs.get('cilium.io/CiliumClusterwideNetworkPolicy') ?? [];
  return {
    nodes: nodes.map(readNode).sort((a, b) => (a.name < b.name ? -1 : 1)),
    drafts,
    pods,
    above,
    budgets: blockingBudgets(budgets),
    consumers,
    customs,
    providerClasses: irsaProviderClasses(customs.get('secrets-store.csi.x-k8s.io/SecretProviderClass') ?? []),
    legacy: [...legacy, ...consumers.asking],
    staleRoles: staleRoles(stalePods, above, ownPairs),
    egress: egressPolicies({ network, cilium, ciliumClusterwide, family: scope.family, byCilium: first.daemonSets.some(isCilium) }),
    port80: port80.sort(),
    agentPorts: [...agentPorts.values()].sort((a, b) => (a.subject < b.subject ? -1 : 1)),
    controllers: controllers.sort(),
    annotationControllers: byAnnotation.sort(),
    podGroupsCutOff,
    agentSets,
    agentPods,
    daemonPods,
  };
}

/** Items of a list carry neither apiVersion nor kind when the API server leaves them out. */
function withKind(object: KubernetesObject, resource: Resource): KubernetesObject {
  if (object.kind !== undefined && object.apiVersion !== undefined) return object;
  return { ...object, apiVersion: resource.group === '' ? resource.version : `${resource.group}/${resource.version}`, kind: resource.kind };
}

/** Notes a workload that takes port 80 of its nodes, and one that manages what podshift changes. */
function notePlatform(object: KubernetesObject, port80: string[], controllers: string[], byAnnotation: string[]): void {
  const spec = templateOf(object)?.spec;
  const subject = `${object.kind}/${object.metadata.namespace ?? ''}/${object.metadata.name}`;
  if (controllerOf(object) !== undefined || isAgent(object)) return;
  if (takesPort80(spec)) port80.push(subject);
  const kind = identityController(spec);
  if (kind !== undefined) controllers.push(subject);
  if (kind === 'by-annotation') byAnnotation.push(subject);
}

/** Groups whose objects are wanted whole: policies, what a mesh lets through, and what the Secrets Store driver gives. */
export const WANTED_GROUPS: ReadonlySet<string> = new Set([
  'cilium.io',
  'security.istio.io',
  'kyverno.io',
  'crd.projectcalico.org',
  'secrets-store.csi.x-k8s.io',
  'networking.istio.io',
  'policy.linkerd.io',
  'kuma.io',
  'appmesh.k8s.aws',
  'consul.hashicorp.com',
]);

function isWanted(group: string): boolean {
  return WANTED_GROUPS.has(group);
}

/** Whether a DaemonSet is Cilium's agent, which enforces every kind of network policy. */
function isCilium({ spec }: KubernetesObject): boolean {
  const images: string[] = (spec?.template?.spec?.containers ?? []).map((container: { image?: string }) => container.image ?? '');
  return images.some((image) => /(^|\/)cilium\/cilium(-ci)?[:@]/.test(`${image}:`));
}
