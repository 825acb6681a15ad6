import { BlockList, isIP } from 'node:net';
import type { KubernetesObject } from '../kubernetes/gateway.ts';
import { AGENT_ADDRESSES } from '../model/agent.ts';
import { matchesExpressions } from './nodes.ts';

// biome-ignore lint/suspicious/noExplicitAny: specs as the API gives them
type Spec = any;

const AGENT_PORT = 80;

/** Which of the agent's addresses the pods of a cluster are given. */
export type Family = 'ipv4' | 'ipv6';

/** A policy that limits where pods may connect to. */
export interface EgressPolicy {
  /** `Kind/namespace/name`, or `Kind/name` for the whole cluster. */
  readonly subject: string;
  /** Null for the whole cluster. */
  readonly namespace: string | null;
  readonly selects: (labels: Readonly<Record<string, string>>) => boolean;
  readonly allowsAgent: boolean;
  /** It takes the agent away whatever other policies allow. */
  readonly deniesAgent: boolean;
}

/** The lists of policies, and what decides how they work. */
export interface Policies {
  readonly network: readonly KubernetesObject[];
  readonly cilium: readonly KubernetesObject[];
  readonly ciliumClusterwide: readonly KubernetesObject[];
  readonly family: Family;
  /** Cilium enforces the policies: then the agent's address is its entity `host`, and no CIDR is (cilium/cilium issue 34387). */
  readonly byCilium: boolean;
}

/** The egress rules of NetworkPolicies and of Cilium's own. */
export function egressPolicies({ network, cilium, ciliumClusterwide, family, byCilium }: Policies): EgressPolicy[] {
  const found = network.flatMap((policy): EgressPolicy[] => {
    const spec: Spec = policy.spec ?? {};
    const types: string[] = spec.policyTypes ?? (spec.egress === undefined ? ['Ingress'] : ['Ingress', 'Egress']);
    if (!types.includes('Egress')) return [];
    const allowsAgent = (spec.egress ?? []).some((rule: Spec) => ruleAllowsAgent(rule, family, byCilium));
    return [policyOf(policy, spec.podSelector, { allowsAgent, deniesAgent: false })];
  });
  return [...found, ...cilium.flatMap(ciliumPolicies), ...ciliumClusterwide.flatMap(ciliumPolicies)];
}

/** Of Cilium's rules one with `egress` or `egressDeny` limits the pods that it selects, unless it says that it does not. */
function ciliumPolicies(policy: KubernetesObject): EgressPolicy[] {
  return [policy.spec, ...(policy.specs ?? [])].flatMap((spec: Spec) => {
    const rules: Spec[] = spec?.egress ?? [];
    const denials: Spec[] = spec?.egressDeny ?? [];
    const limits = spec?.enableDefaultDeny?.egress ?? (spec?.egress !== undefined || spec?.egressDeny !== undefined);
    const deniesAgent = denials.some(ciliumReachesAgent);
    if (!limits && !deniesAgent) return [];
    return [policyOf(policy, spec.endpointSelector, { allowsAgent: rules.some(ciliumReachesAgent), deniesAgent })];
  });
}

function policyOf(policy: KubernetesObject, selector: Spec, verdict: Pick<EgressPolicy, 'allowsAgent' | 'deniesAgent'>): EgressPolicy {
  const { namespace = null, name } = policy.metadata;
  return {
    subject: [policy.kind, ...(namespace === null ? [] : [namespace]), name].join('/'),
    namespace,
    ...verdict,
    selects: (labels) =>
      Object.entries(selector?.matchLabels ?? {}).every(([key, value]) => labels[bareLabel(key)] === value) &&
      matchesExpressions(
        (selector?.matchExpressions ?? []).map((one: Spec) => ({ ...one, key: bareLabel(one.key) })),
        labels,
      ),
  };
}

/** Cilium's selectors may name the source of a label ahead of it. */
function bareLabel(key: string): string {
  return key.replace(/^(k8s|any)[:.]/, '');
}

/** A rule without peers allows all; of the agent's two addresses the one that the webhook injects is enough. */
function ruleAllowsAgent(rule: Spec, family: Family, byCilium: boolean): boolean {
  const ports: Spec[] = rule?.ports ?? [];
  const port = ports.length === 0 || ports.some((one) => (one.protocol ?? 'TCP') === 'TCP' && includesPort(one));
  const peers: Spec[] = rule?.to ?? [];
  const peer = peers.length === 0 || peers.some((one) => !byCilium && one.ipBlock !== undefined && blockHas(one.ipBlock, family));
  return port && peer;
}

function includesPort(one: Spec): boolean {
  if (one.port === undefined) return true;
  return one.port === AGENT_PORT || (typeof one.port === 'number' && one.port <= AGENT_PORT && AGENT_PORT <= (one.endPort ?? one.port));
}

function blockHas(block: Spec, family: Family): boolean {
  return inBlock(block.cidr, family) && !(block.except ?? []).some((cidr: string) => inBlock(cidr, family));
}

/** Whether the agent's address is in a CIDR; what is no CIDR has nobody in it. */
export function inBlock(cidr: unknown, family: Family): boolean {
  const [network = '', length = ''] = String(cidr).split('/');
  const kind = isIP(network);
  if (kind === 0 || !/^\d+$/.test(length) || Number(length) > (kind === 4 ? 32 : 128)) return false;
  const list = new BlockList();
  list.addSubnet(network, Number(length), kind === 4 ? 'ipv4' : 'ipv6');
  return list.check(AGENT_ADDRESSES[family], family);
}

/** Whether one of Cilium's rules reaches the agent: by its entity, or by its port alone. An empty rule reaches nobody (Cilium, "Egress Default Deny"). */
function ciliumReachesAgent(rule: Spec): boolean {
  const entities: string[] = rule?.toEntities ?? [];
  const named = Object.keys(rule ?? {}).some((key) => key.startsWith('to') && key !== 'toPorts');
  const ports: Spec[] = (rule?.toPorts ?? []).flatMap((one: Spec) => one.ports ?? []);
  const port = ports.length === 0 || ports.some(reachesPort);
  return port && (named ? entities.includes('host') || entities.includes('all') : rule?.toPorts !== undefined);
}

function reachesPort({ port, endPort, protocol = 'ANY' }: Spec): boolean {
  const first = Number(port);
  return ['ANY', 'TCP'].includes(protocol) && (first === 0 || (first <= AGENT_PORT && AGENT_PORT <= Number(endPort ?? first)));
}

/** Policies that cut a pod of these labels off from the agent: those that deny it, or all that select it where none of them lets it through. */
export function cutOffBy(policies: readonly EgressPolicy[], namespace: string, labels: Readonly<Record<string, string>>): string[] {
  const selecting = policies.filter((policy) => (policy.namespace ?? namespace) === namespace && policy.selects(labels));
  const denying = selecting.filter((policy) => policy.deniesAgent);
  const cutting = denying.length > 0 ? denying : selecting.some((policy) => policy.allowsAgent) ? [] : selecting;
  return [...new Set(cutting.map(({ subject }) => subject))].sort();
}

/** The data of a ConfigMap of the pod's namespace; undefined where it was not read. */
export type ConfigMapLookup = (name: string) => Readonly<Record<string, string>> | undefined;

/** Containers that send HTTP through a proxy, requests to the agent included: their `NO_PROXY` does not name it. */
export function proxiedContainers(spec: Spec, family: Family, configMap: ConfigMapLookup): string[] {
  const containers: Spec[] = [...(spec?.initContainers ?? []), ...(spec?.containers ?? [])];
  return containers.filter((container) => isProxied(proxySettings(container, configMap), family)).map((container) => container.name);
}

/** A container's variables by their names in lower case, as far as podshift can read them: `env` over `envFrom`. */
function proxySettings(container: Spec, configMap: ConfigMapLookup): Map<string, string> {
  const found = new Map<string, string>();
  for (const source of container.envFrom ?? []) {
    const data = source.configMapRef === undefined ? {} : (configMap(source.configMapRef.name) ?? {});
    for (const [key, value] of Object.entries(data)) found.set(`${source.prefix ?? ''}${key}`.toLowerCase(), value);
  }
  for (const { name, value, valueFrom } of container.env ?? []) {
    const reference = valueFrom?.configMapKeyRef;
    const text = value ?? (reference === undefined ? undefined : configMap(reference.name)?.[reference.key]);
    if (text !== undefined) found.set(String(name).toLowerCase(), text);
  }
  return found;
}

function isProxied(variables: ReadonlyMap<string, string>, family: Family): boolean {
  // The agent speaks plain HTTP: a proxy for HTTPS alone does not matter.
  const proxy = variables.get('http_proxy') ?? variables.get('all_proxy') ?? '';
  if (proxy === '') return false;
  return !exceptsAgent(variables.get('no_proxy') ?? '', family);
}

/** Whether a value of `NO_PROXY` names the agent. */
export function exceptsAgent(value: string, family: Family): boolean {
  const except = value.split(',').map((part) => part.trim().replace(/[[\]]/g, ''));
  return except.some((part) => part === '*' || part === AGENT_ADDRESSES[family] || inBlock(part, family));
}

/** Whether a pod spec takes port 80 of its node, where the agent listens. */
export function takesPort80(spec: Spec): boolean {
  const ports: Spec[] = (spec?.containers ?? []).flatMap((container: Spec) => container.ports ?? []);
  return ports.some((one) => one.hostPort === AGENT_PORT || (spec?.hostNetwork === true && one.containerPort === AGENT_PORT));
}

/** Whether a VPC CNI DaemonSet gives pods security groups of their own in a mode that cuts them off from the node's addresses. */
export function cutsOffByPodGroups(daemonSet: KubernetesObject): boolean {
  const variables: Spec[] = (daemonSet.spec?.template?.spec?.containers ?? []).flatMap((container: Spec) => container.env ?? []);
  const value = (name: string) => variables.find((variable) => variable.name === name)?.value;
  return value('ENABLE_POD_ENI') === 'true' && value('POD_SECURITY_GROUP_ENFORCING_MODE') !== 'standard';
}
