import type { KubernetesGateway, KubernetesObject } from '../kubernetes/gateway.ts';
import { RESOURCES } from '../kubernetes/resources.ts';
import type { NodeFacts, NodeRoleFact, OverrideFact, WorkloadFacts } from '../model/inventory.ts';
import type { ClusterObjects, Scope } from './cluster-objects.ts';
import { cutOffBy, type Family, proxiedContainers } from './network.ts';
import { fits, isFargateNode, type Node } from './nodes.ts';
import { configMapOverrides } from './overrides.ts';
import { type LivePod, topController } from './pods.ts';
import { candidateNodes, type Draft, draftUnknown, draftWorkload } from './workloads.ts';

/** ConfigMaps that are read one by one; beyond this many, one list of all of them costs fewer calls. */
const GETS = 10;

/** Brings live pods, budgets, secret classes and nodes into the workloads' facts. */
export function joinWorkloads(objects: ClusterObjects, scope: Scope): Draft[] {
  const drafts = new Map(objects.drafts.map((draft) => [keyOf(draft.facts), draft]));
  const fargateNodes = new Set(objects.nodes.filter((node) => node.class === 'fargate').map((node) => node.name));
  const windowsNodes = new Set(objects.nodes.filter((node) => node.class === 'windows').map((node) => node.name));
  for (const pod of objects.pods) {
    const draft = draftOfPod(pod, objects, scope, drafts);
    if (draft === undefined) continue;
    const { facts } = draft;
    facts.livePods += 1;
    if (!pod.terminating) {
      addLive(facts, pod);
      // One pod that stays is enough: somebody has to renew it.
      facts.endsByItself = pod.endsByItself && (facts.endsByItself ?? true);
      if (pod.old) facts.oldPods = (facts.oldPods ?? 0) + 1;
      draft.sidecars = [...(draft.sidecars ?? []), ...pod.sidecars];
    }
    if (pod.nodeName !== undefined) {
      draft.nodes.add(pod.nodeName);
      if (fargateNodes.has(pod.nodeName) || isFargateNode(pod.nodeName)) facts.fargate ??= `node ${pod.nodeName}`;
    }
    if (pod.windows || (pod.nodeName !== undefined && windowsNodes.has(pod.nodeName))) facts.windows = true;
    facts.overrides = [...facts.overrides, ...pod.overrides.filter((override) => !facts.overrides.some((known) => same(known, override)))];
  }
  const budgets = Map.groupBy(objects.budgets, (budget) => budget.namespace);
  for (const draft of drafts.values()) {
    const { facts } = draft;
    if (facts.endsByItself === false) delete facts.endsByItself;
    facts.nodeNames = [...draft.nodes].sort();
    if (facts.nodeNames.length === 0) facts.candidateNodeNames = candidateNodes(draft.spec, objects.nodes);
    facts.blockingBudgets = (budgets.get(facts.namespace) ?? [])
      .filter((budget) => budget.selects(draft.labels))
      .map((budget) => budget.name)
      .sort();
    const blocked = cutOffBy(objects.egress, facts.namespace, draft.labels);
    if (blocked.length > 0 && draft.spec?.hostNetwork !== true) facts.cutOffBy = blocked;
    facts.secretProviderClasses = draft.classes.filter((name) => objects.providerClasses.has(`${facts.namespace}/${name}`));
  }
  return [...drafts.values()];
}

function addLive(facts: Draft['facts'], { metadata: annotations, exposed }: LivePod): void {
  const known = facts.metadata;
  if (known === undefined) return;
  const text = JSON.stringify(annotations);
  const live = known.live.some((one) => JSON.stringify(one) === text) ? known.live : [...known.live, annotations];
  facts.metadata = { ...known, live, exposed: known.exposed + Number(exposed) };
}

/**
 * The draft that a live pod belongs to. A pod of an older revision that ran as another service account gets a stand-in with
 * its controller's name; a pod that is being deleted and whose owner is gone belongs to none.
 */
function draftOfPod(pod: LivePod, objects: ClusterObjects, scope: Scope, drafts: Map<string, Draft>): Draft | undefined {
  const top = topController(pod.controller, objects.above);
  const owner = top ?? pod.controller;
  const name = owner ?? { apiVersion: 'v1', kind: 'Pod', name: pod.name };
  const key = keyOf({
    namespace: pod.namespace,
    apiVersion: name.apiVersion,
    kind: name.kind,
    name: name.name,
    serviceAccount: pod.serviceAccount,
  });
  const known = drafts.get(key);
  if (known !== undefined) return known;
  if (pod.terminating) return undefined;
  const object: KubernetesObject = pod.object ?? { apiVersion: 'v1', kind: 'Pod', metadata: { namespace: pod.namespace, name: pod.name } };
  const draft =
    owner === undefined ? draftWorkload(object, pod.serviceAccount, scope) : draftUnknown(owner, object, pod.serviceAccount, scope);
  drafts.set(key, draft);
  return draft;
}

function keyOf(workload: Pick<WorkloadFacts, 'namespace' | 'apiVersion' | 'kind' | 'name' | 'serviceAccount'>): string {
  return `${workload.namespace}/${workload.apiVersion.split('/')[0]}/${workload.kind}/${workload.name}/${workload.serviceAccount}`;
}

function same(a: OverrideFact, b: OverrideFact): boolean {
  return a.kind === b.kind && a.container === b.container && a.name === b.name;
}

/**
 * Reads the ConfigMaps that these workloads use, and adds what they override, and which containers are behind a proxy; nothing of
 * them is kept but key names.
 */
export async function readConfigMaps(kubernetes: KubernetesGateway, drafts: readonly Draft[], family: Family): Promise<void> {
  const found = await configMapsOf(kubernetes, drafts);
  for (const { facts, configMaps, spec } of drafts) {
    const dataOf = (name: string) => found.get(`${facts.namespace}/${name}`)?.data;
    const proxied = proxiedContainers(spec, family, dataOf);
    if (proxied.length > 0) facts.proxied = proxied;
    const more = configMaps.flatMap((use) => {
      const object = found.get(`${facts.namespace}/${use.configMap}`);
      return object === undefined ? [] : configMapOverrides(use, object);
    });
    facts.overrides = [...facts.overrides, ...more.filter((override, index) => more.findIndex((other) => same(other, override)) === index)];
  }
}

/** The ConfigMaps that these workloads use, by `NAMESPACE/NAME`. */
async function configMapsOf(kubernetes: KubernetesGateway, drafts: readonly Draft[]): Promise<ReadonlyMap<string, KubernetesObject>> {
  const wanted = new Map<string, { namespace: string; name: string }>();
  for (const { facts, configMaps } of drafts) {
    if (facts.skipsWebhook) continue;
    for (const use of configMaps) wanted.set(`${facts.namespace}/${use.configMap}`, { namespace: facts.namespace, name: use.configMap });
  }
  if (wanted.size === 0) return new Map();
  const objects =
    wanted.size > GETS
      ? await kubernetes.list(RESOURCES.configMaps)
      : await Promise.all([...wanted.values()].map(({ namespace, name }) => kubernetes.get(RESOURCES.configMaps, namespace, name)));
  return new Map(
    objects.filter((object) => object !== undefined).map((object) => [`${object.metadata.namespace}/${object.metadata.name}`, object]),
  );
}

/** Nodes noted of one workload at most. */
const MOST_UNSERVED = 5;

/** Notes on each workload the nodes that run its pods, or could, and whose role does not let the agent fetch credentials. */
export function markUnserved(drafts: readonly Draft[], nodes: readonly Node[], roles: readonly NodeRoleFact[]): void {
  const lacking = new Set(roles.flatMap(({ agent, nodeNames }) => (agent === 'no' ? (nodeNames ?? []) : [])));
  const unserved = nodes.filter((node) => lacking.has(node.name));
  if (unserved.length === 0) return;
  for (const draft of drafts) {
    const found = unserved.filter((node) => draft.nodes.has(node.name) || fits(draft.spec, node)).map(({ name }) => name);
    if (found.length > 0) draft.facts.unservedNodes = found.slice(0, MOST_UNSERVED);
  }
}

/** The nodes' facts: class, readiness, and whether the agent is ready there. */
export function nodeFacts(objects: ClusterObjects): NodeFacts[] {
  const sets = new Set(objects.agentSets.map((set) => `${set.namespace}/${set.name}`));
  const served = new Set(objects.agentPods.filter((pod) => pod.ready && sets.has(pod.daemonSet)).map((pod) => pod.nodeName));
  return objects.nodes.map(({ name, class: kind, ready, bottlerocket }) => ({
    name,
    class: kind,
    ready,
    agentReady: served.has(name),
    ...(bottlerocket === true ? { bottlerocket } : {}),
  }));
}
