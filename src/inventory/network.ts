import type { KubernetesObject } from '../kubernetes/gateway.ts';
import { matchesExpressions } from './nodes.ts';

// biome-ignore lint/suspicious/noExplicitAny: specs as the API gives them
type Spec = any;

/** The agent's addresses (eks-pod-identity-agent, configuration/config.go). */
const AGENT_ADDRESSES = ['169.254.170.23', 'fd00:ec2::23'] as const;
const AGENT_PORT = 80;

/** A policy that limits where pods may connect to. */
export interface EgressPolicy {
  /** `Kind/namespace/name`. */
  readonly subject: string;
  readonly namespace: string;
  readonly selects: (labels: Readonly<Record<string, string>>) => boolean;
  readonly allowsAgent: boolean;
}

/** The egress rules of NetworkPolicies and CiliumNetworkPolicies. */
export function egressPolicies(policies: readonly KubernetesObject[], cilium: readonly KubernetesObject[]): EgressPolicy[] {
  const found = policies.flatMap((policy): EgressPolicy[] => {
    const spec: Spec = policy.spec ?? {};
    const types: string[] = spec.policyTypes ?? (spec.egress === undefined ? ['Ingress'] : ['Ingress', 'Egress']);
    if (!types.includes('Egress')) return [];
    return [policyOf('NetworkPolicy', policy, spec.podSelector, (spec.egress ?? []).some(ruleAllowsAgent))];
  });
  const more = cilium.flatMap((policy): EgressPolicy[] =>
    [policy.spec, ...(policy.specs ?? [])].flatMap((spec: Spec) =>
      spec?.egress === undefined
        ? []
        : [policyOf('CiliumNetworkPolicy', policy, spec.endpointSelector, spec.egress.some(ciliumAllowsAgent))],
    ),
  );
  return [...found, ...more];
}

function policyOf(kind: string, policy: KubernetesObject, selector: Spec, allowsAgent: boolean): EgressPolicy {
  const { namespace = '', name } = policy.metadata;
  return {
    subject: `${kind}/${namespace}/${name}`,
    namespace,
    allowsAgent,
    selects: (labels) =>
      Object.entries(selector?.matchLabels ?? {}).every(([key, value]) => labels[key] === value) &&
      matchesExpressions(selector?.matchExpressions, labels),
  };
}

/** A rule without peers allows all; of the agent's two addresses the IPv4 one is enough, as the webhook injects it. */
function ruleAllowsAgent(rule: Spec): boolean {
  const ports: Spec[] = rule?.ports ?? [];
  const port = ports.length === 0 || ports.some((one) => (one.protocol ?? 'TCP') === 'TCP' && includesPort(one));
  const peers: Spec[] = rule?.to ?? [];
  const peer = peers.length === 0 || peers.some((one) => one.ipBlock !== undefined && blockHas(one.ipBlock));
  return port && peer;
}

function includesPort(one: Spec): boolean {
  if (one.port === undefined) return true;
  return one.port === AGENT_PORT || (typeof one.port === 'number' && one.port <= AGENT_PORT && AGENT_PORT <= (one.endPort ?? one.port));
}

function blockHas(block: Spec): boolean {
  const [address] = AGENT_ADDRESSES;
  return inBlock(address, block.cidr) && !(block.except ?? []).some((cidr: string) => inBlock(address, cidr));
}

function inBlock(address: string, cidr: unknown): boolean {
  const [network = '', length = '32'] = String(cidr).split('/');
  if (!/^[\d.]+$/.test(network)) return false;
  const bits = (text: string) => text.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);
  const size = 2 ** (32 - Number(length));
  return Math.floor(bits(address) / size) === Math.floor(bits(network) / size);
}

/** Under Cilium the agent's address is the `host` entity, which no CIDR matches (cilium/cilium issue 34387). */
function ciliumAllowsAgent(rule: Spec): boolean {
  const entities: string[] = rule?.toEntities ?? [];
  const ports: Spec[] = (rule?.toPorts ?? []).flatMap((one: Spec) => one.ports ?? []);
  const open = Object.keys(rule ?? {}).length === 0;
  return (
    (open || entities.includes('host') || entities.includes('all')) &&
    (ports.length === 0 || ports.some((one) => String(one.port) === '80'))
  );
}

/** Egress policies that cut a pod of these labels off from the agent: those that select it, where none of them lets it through. */
export function cutOffBy(policies: readonly EgressPolicy[], namespace: string, labels: Readonly<Record<string, string>>): string[] {
  const selecting = policies.filter((policy) => policy.namespace === namespace && policy.selects(labels));
  return selecting.some((policy) => policy.allowsAgent) ? [] : selecting.map(({ subject }) => subject).sort();
}

/** Containers that send HTTP through a proxy, the agent's address included: their `NO_PROXY` does not name it. */
export function proxiedContainers(spec: Spec): string[] {
  const containers: Spec[] = [...(spec?.initContainers ?? []), ...(spec?.containers ?? [])];
  return containers.filter(isProxied).map((container) => container.name);
}

function isProxied(container: Spec): boolean {
  const value = (name: string): string | undefined =>
    (container.env ?? []).find((variable: Spec) => variable.name?.toLowerCase() === name)?.value;
  // The agent speaks plain HTTP: a proxy for HTTPS alone does not matter.
  const proxy = value('http_proxy') ?? value('all_proxy');
  if (proxy === undefined || proxy === '') return false;
  const except = (value('no_proxy') ?? '').split(',').map((part) => part.trim());
  return !except.some((part) => part === '*' || part === AGENT_ADDRESSES[0] || inException(part));
}

function inException(part: string): boolean {
  return part.includes('/') && inBlock(AGENT_ADDRESSES[0], part);
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
