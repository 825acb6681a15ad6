import { BlockList, isIP } from 'node:net';
import type { KubernetesObject } from '../src/kubernetes/gateway.ts';
import { agentHosts, isAgentPod } from './aws/agent-daemonset.ts';
import { environmentOfContainer } from './container-environment.ts';
import type { KubernetesSide } from './contracts.ts';
import { matchesSelector } from './kubernetes/selectors.ts';

// biome-ignore lint/suspicious/noExplicitAny: specs as the API server keeps them
type Spec = any;

const PORT = 80;
const POLICIES = new Set(['NetworkPolicy', 'CiliumNetworkPolicy', 'CiliumClusterwideNetworkPolicy']);

/** The way from a container to the Pod Identity agent of its node: the agent itself, the proxy that the container goes by, and the network policies. */
export class AgentPath {
  /** Ready agent pods by node, with the hosts that they listen on. */
  readonly #agents = new Map<string, { readonly uid: string; readonly hosts: readonly string[] }>();
  readonly #listeners: (() => void)[] = [];
  #kubernetes: KubernetesSide | undefined;

  /** Hands in the cluster, once it is there. */
  connect(kubernetes: KubernetesSide): void {
    this.#kubernetes = kubernetes;
    for (const pod of kubernetes.objects('Pod')) this.#note(pod);
    kubernetes.onChange(({ before, after }) => {
      const object = after ?? before;
      if (object !== undefined && POLICIES.has(object.kind)) for (const listener of this.#listeners) listener();
      if (object?.kind !== 'Pod' || !isAgentPod(object)) return;
      if (after !== undefined) this.#note(after);
      else this.#drop(object);
    });
  }

  /** Called when a network policy came, changed or went. */
  onPolicy(listener: () => void): void {
    this.#listeners.push(listener);
  }

  /** The agent that serves a node: its pod's uid, or `built-in` for Auto Mode; undefined where none is ready. */
  agentOn(nodeName: string): string | undefined {
    const node = this.#node(nodeName);
    if (node?.metadata.labels?.['eks.amazonaws.com/compute-type'] === 'auto') return 'built-in';
    return this.#agents.get(nodeName)?.uid;
  }

  /** Why a container's request to this URL does not reach the agent; undefined where it does. */
  obstacle(pod: KubernetesObject, containerName: string, uri: string): string | undefined {
    if (!/^http:\/\/(169\.254\.170\.23|\[fd00:ec2::23\])(:80)?\/v1\/credentials$/.test(uri)) return `no one answers at ${uri}`;
    const nodeName = String(pod.spec?.nodeName ?? '');
    const node = this.#node(nodeName);
    const failed = 'Error when retrieving credentials from container-role:';
    if (isFargateNode(nodeName, node)) return `${failed} there is no Pod Identity agent on Fargate`;
    if (node?.metadata.labels?.['kubernetes.io/os'] === 'windows') return `${failed} there is no Pod Identity agent on Windows`;
    if (this.agentOn(nodeName) === undefined) return `${failed} no ready Pod Identity agent on node ${nodeName}`;
    const { host } = new URL(uri);
    if (this.#agents.get(nodeName)?.hosts.includes(host) === false)
      return `${failed} the agent of node ${nodeName} does not listen on ${host}`;
    const address = host.replace(/[[\]]/g, '');
    if (this.#goesByProxy(pod, containerName, address)) return `${failed} the proxy does not know ${host}`;
    const policy = this.#cutOff(pod, address);
    return policy === undefined ? undefined : `${failed} timed out, as ${policy} drops what goes to ${host}`;
  }

  /** SDKs ask the agent by plain HTTP, through the proxy for that unless NO_PROXY names the address. */
  #goesByProxy(pod: KubernetesObject, containerName: string, address: string): boolean {
    const cluster = this.#kubernetes;
    const environment = cluster === undefined ? new Map<string, string>() : environmentOfContainer(pod, containerName, cluster);
    const value = (name: string) => environment.get(name) ?? environment.get(name.toUpperCase()) ?? '';
    if (value('http_proxy') === '' && value('all_proxy') === '') return false;
    const except = value('no_proxy')
      .split(',')
      .map((part) => part.trim().replace(/[[\]]/g, ''));
    return !except.some((part) => part === '*' || part === address || covers(part, address));
  }

  /** The policies that select the pod and let nothing through to the agent. Pods on the host network have none. */
  #cutOff(pod: KubernetesObject, address: string): string | undefined {
    if (pod.spec?.hostNetwork === true) return undefined;
    const byCilium = this.#all('DaemonSet').some(({ metadata }) => metadata.name === 'cilium');
    const verdicts = [
      ...this.#all('NetworkPolicy').flatMap((policy) => judgeNetworkPolicy(policy, pod, byCilium ? undefined : address)),
      ...this.#all('CiliumNetworkPolicy').flatMap((policy) => judgeCilium(policy, pod)),
      ...this.#all('CiliumClusterwideNetworkPolicy').flatMap((policy) => judgeCilium(policy, pod)),
    ];
    const denied = verdicts.find((one) => one.verdict === 'denies');
    if (denied !== undefined || verdicts.some((one) => one.verdict === 'allows')) return denied?.policy;
    return verdicts[0]?.policy;
  }

  #all(kind: string): readonly KubernetesObject[] {
    return this.#kubernetes?.objects(kind) ?? [];
  }

  #node(name: string): KubernetesObject | undefined {
    return this.#kubernetes?.object('Node', undefined, name);
  }

  #note(pod: KubernetesObject): void {
    if (!isAgentPod(pod)) return;
    const nodeName = String(pod.spec?.nodeName ?? '');
    const conditions: readonly { type: string; status: string }[] = pod.status?.conditions ?? [];
    const ready = conditions.some(({ type, status }) => type === 'Ready' && status === 'True');
    if (ready && nodeName !== '') this.#agents.set(nodeName, { uid: pod.metadata.uid ?? '', hosts: agentHosts(pod) });
    else this.#drop(pod);
  }

  #drop(pod: KubernetesObject): void {
    const nodeName = String(pod.spec?.nodeName ?? '');
    if (this.#agents.get(nodeName)?.uid === pod.metadata.uid) this.#agents.delete(nodeName);
  }
}

/** Whether a node is one of Fargate's. */
export function isFargateNode(nodeName: string, node: KubernetesObject | undefined): boolean {
  return nodeName.startsWith('fargate-') || node?.metadata.labels?.['eks.amazonaws.com/compute-type'] === 'fargate';
}

interface Verdict {
  readonly policy: string;
  /** `closes`: it selects the pod and does not let it through; another policy may. */
  readonly verdict: 'allows' | 'closes' | 'denies';
}

/** What a NetworkPolicy says of egress to an address on port 80 (Kubernetes, "Network Policies"); undefined: no CIDR names it. */
function judgeNetworkPolicy(policy: KubernetesObject, pod: KubernetesObject, address: string | undefined): Verdict[] {
  const { spec, metadata } = policy;
  const egress: Spec[] | undefined = spec?.egress;
  const concerns = spec?.policyTypes === undefined ? egress !== undefined : spec.policyTypes.includes('Egress');
  if (!concerns || metadata.namespace !== pod.metadata.namespace || !matchesSelector(spec?.podSelector ?? {}, pod.metadata.labels))
    return [];
  const opens = (rule: Spec): boolean => {
    const ports: Spec[] = rule.ports ?? [];
    const peers: Spec[] = rule.to ?? [];
    const fits = ports.length === 0 || ports.some(({ protocol = 'TCP', port, endPort }) => protocol === 'TCP' && inRange(port, endPort));
    return fits && (peers.length === 0 || peers.some(({ ipBlock }) => address !== undefined && inBlock(ipBlock, address)));
  };
  return [{ policy: `NetworkPolicy ${metadata.namespace}/${metadata.name}`, verdict: (egress ?? []).some(opens) ? 'allows' : 'closes' }];
}

function inBlock(block: { readonly cidr: string; readonly except?: readonly string[] } | undefined, address: string): boolean {
  return block !== undefined && covers(block.cidr, address) && !(block.except ?? []).some((cidr) => covers(cidr, address));
}

function covers(cidr: string, address: string): boolean {
  const [network = '', length = ''] = cidr.split('/');
  if (isIP(network) === 0 || isIP(network) !== isIP(address) || length === '') return false;
  const list = new BlockList();
  const family = isIP(address) === 6 ? 'ipv6' : 'ipv4';
  list.addSubnet(network, Number(length), family);
  return list.check(address, family);
}

function inRange(port: unknown, endPort: unknown): boolean {
  if (port === undefined) return true;
  return Number(port) <= PORT && PORT <= Number(endPort ?? port);
}

/** What a policy of Cilium says of egress to the pod's own host, where the agent listens (Cilium, "Layer 3 Examples", "Deny Policies"). */
function judgeCilium(policy: KubernetesObject, pod: KubernetesObject): Verdict[] {
  const { namespace, name } = policy.metadata;
  if (namespace !== undefined && namespace !== pod.metadata.namespace) return [];
  const title = `${policy.kind} ${namespace === undefined ? '' : `${namespace}/`}${name}`;
  return [...(policy.spec === undefined ? [] : [policy.spec]), ...(policy.specs ?? [])].flatMap((spec: Spec): Verdict[] => {
    if (!matchesSelector(withoutSources(spec.endpointSelector), pod.metadata.labels)) return [];
    if ((spec.egressDeny ?? []).some(reachesHost)) return [{ policy: title, verdict: 'denies' }];
    if (spec.egress === undefined && spec.egressDeny === undefined) return [];
    if ((spec.egress ?? []).some(reachesHost)) return [{ policy: title, verdict: 'allows' }];
    return spec.enableDefaultDeny?.egress === false ? [] : [{ policy: title, verdict: 'closes' }];
  });
}

/** An empty rule reaches nothing; one of ports alone reaches these ports everywhere. */
function reachesHost(rule: Spec): boolean {
  const ports: Spec[] = (rule?.toPorts ?? []).flatMap((one: Spec) => one.ports ?? []);
  const fits =
    ports.length === 0 ||
    ports.some(
      ({ port, endPort, protocol = 'ANY' }) => protocol !== 'UDP' && protocol !== 'SCTP' && (Number(port) === 0 || inRange(port, endPort)),
    );
  const layer3 = Object.keys(rule ?? {}).filter((key) => key !== 'toPorts' && key.startsWith('to'));
  if (layer3.length === 0) return fits && rule?.toPorts !== undefined;
  return fits && (rule.toEntities ?? []).some((entity: string) => entity === 'host' || entity === 'all');
}

/** Cilium's selectors may say where a label comes from (`k8s:app`); an absent one chooses every pod. */
function withoutSources(selector: Spec): Parameters<typeof matchesSelector>[0] {
  const bare = (key: string) => key.replace(/^(any|k8s):/, '');
  return {
    matchLabels: Object.fromEntries(Object.entries<string>(selector?.matchLabels ?? {}).map(([key, value]) => [bare(key), value])),
    matchExpressions: (selector?.matchExpressions ?? []).map((one: Spec) => ({ ...one, key: bare(one.key) })),
  };
}
