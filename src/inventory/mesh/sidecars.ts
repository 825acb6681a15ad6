import { AGENT_ADDRESSES } from '../../model/agent.ts';
import type { MeshName } from '../../model/inventory.ts';
import { type Family, inBlock } from '../network.ts';

// biome-ignore lint/suspicious/noExplicitAny: a pod spec as the API gives it
type PodSpec = any;

/** What decides whether a pod's proxy sees its calls to the agent. */
export interface Sidecar {
  readonly mesh: MeshName;
  /** The pod's own settings let its calls to the agent pass the proxy by. */
  readonly bypassed: boolean;
  /** Istio's revision, or the name of the pod's mesh; empty where the pod does not say. */
  readonly of: string;
}

/** How a mesh shows in a pod, and which of the pod's annotations let calls pass its proxy by. */
interface MeshShape {
  readonly mesh: MeshName;
  readonly container: RegExp;
  readonly image?: RegExp;
  readonly excludedRanges: readonly string[];
  readonly excludedPorts: readonly string[];
  /** Where it is set, nothing but these ranges goes through the proxy. */
  readonly includedRanges?: string;
  /** The value of an injecting label or annotation of a pod or its namespace. */
  readonly injects: readonly { readonly key: string; readonly value: RegExp }[];
}

/**
 * - Istio: "Resource Annotations" and "Installing the Sidecar"; Linkerd: "Proxy Configuration", "Automatic Proxy Injection"
 * - Consul: "Annotations and Labels"; Kuma: "Kubernetes annotations and labels"; AWS App Mesh: aws-app-mesh-controller-for-k8s, "Injector"
 */
const SHAPES: readonly MeshShape[] = [
  {
    mesh: 'Istio',
    container: /^istio-proxy$/,
    excludedRanges: ['traffic.sidecar.istio.io/excludeOutboundIPRanges'],
    excludedPorts: ['traffic.sidecar.istio.io/excludeOutboundPorts'],
    includedRanges: 'traffic.sidecar.istio.io/includeOutboundIPRanges',
    injects: [
      { key: 'sidecar.istio.io/inject', value: /^true$/ },
      { key: 'istio-injection', value: /^enabled$/ },
      { key: 'istio.io/rev', value: /./ },
    ],
  },
  {
    mesh: 'Linkerd',
    container: /^linkerd-proxy$/,
    excludedRanges: ['config.linkerd.io/skip-subnets'],
    excludedPorts: ['config.linkerd.io/skip-outbound-ports'],
    injects: [{ key: 'linkerd.io/inject', value: /^(enabled|ingress)$/ }],
  },
  {
    mesh: 'Consul',
    container: /^(consul-dataplane|envoy-sidecar)/,
    excludedRanges: ['consul.hashicorp.com/transparent-proxy-exclude-outbound-cidrs'],
    excludedPorts: ['consul.hashicorp.com/transparent-proxy-exclude-outbound-ports'],
    injects: [{ key: 'consul.hashicorp.com/connect-inject', value: /^true$/ }],
  },
  {
    mesh: 'Kuma',
    container: /^kuma-sidecar$/,
    excludedRanges: ['traffic.kuma.io/exclude-outbound-ips'],
    excludedPorts: ['traffic.kuma.io/exclude-outbound-ports'],
    injects: [{ key: 'kuma.io/sidecar-injection', value: /^(enabled|true)$/ }],
  },
  {
    mesh: 'App Mesh',
    container: /^envoy$/,
    image: /appmesh/,
    excludedRanges: ['appmesh.k8s.aws/egressIgnoredIPs'],
    excludedPorts: ['appmesh.k8s.aws/egressIgnoredPorts'],
    injects: [{ key: 'appmesh.k8s.aws/sidecarInjectorWebhook', value: /^enabled$/ }],
  },
];

type Labels = Readonly<Record<string, string>>;

/** A pod, or the template of one, with the labels of its namespace. */
export interface PodShape {
  readonly spec: PodSpec;
  readonly labels: Labels;
  readonly annotations: Labels;
  readonly namespaceLabels: Labels;
}

/** The proxies of a pod: by its containers, and of a template, whose pods are injected when they start, by what asks for that. */
export function sidecarsOf(pod: PodShape, family: Family, kind: 'pod' | 'template'): Sidecar[] {
  const { spec, labels, annotations } = pod;
  if (spec?.hostNetwork === true) return [];
  const containers: PodSpec[] = [...(spec?.containers ?? []), ...(spec?.initContainers ?? [])];
  return SHAPES.flatMap((shape): Sidecar[] => {
    const runs = containers.some(
      ({ name, image }) => shape.container.test(String(name)) && (shape.image === undefined || shape.image.test(String(image))),
    );
    if (!runs && !(kind === 'template' && isInjected(shape, pod))) return [];
    return [{ mesh: shape.mesh, bypassed: isBypassed(shape, containers, annotations, family), of: groupOf(labels, annotations) }];
  });
}

/** What the pod says outranks what its namespace says. */
function isInjected({ injects }: MeshShape, { labels, annotations, namespaceLabels }: PodShape): boolean {
  const own = injects.flatMap(({ key, value }) =>
    [labels[key], annotations[key]].flatMap((one) => (one === undefined ? [] : [value.test(one)])),
  );
  if (own.length > 0) return !own.includes(false);
  return injects.some(({ key, value }) => value.test(namespaceLabels[key] ?? ''));
}

const AGENT_PORT = 80;

function isBypassed(shape: MeshShape, containers: readonly PodSpec[], annotations: Labels, family: Family): boolean {
  const listed = (keys: readonly string[]): string[] => keys.flatMap((key) => (annotations[key] ?? '').split(','));
  // What the whole mesh excludes stands in the arguments of Istio's init container, and in the environment of App Mesh's.
  const { included, ranges, ports } = ofInit(containers);
  const only = annotations[shape.includedRanges ?? ''] ?? included;
  if (only !== undefined && !only.split(',').some((range) => range.trim() === '*' || hasAgent(range, family))) return true;
  if ([...listed(shape.excludedRanges), ...ranges].some((range) => hasAgent(range, family))) return true;
  return [...listed(shape.excludedPorts), ...ports].some(hasPort);
}

/** Istio's `istio-iptables -i … -x … -o …` (istio/istio, tools/istio-iptables), and App Mesh's APPMESH_EGRESS_IGNORED_IP and …PORTS. */
function ofInit(containers: readonly PodSpec[]): { included: string | undefined; ranges: string[]; ports: string[] } {
  const istio = containers.find(({ name }) => name === 'istio-init' || name === 'istio-validation');
  const words: string[] = istio?.args ?? [];
  const flag = (name: string): string | undefined => {
    const at = words.indexOf(name);
    return at === -1 ? undefined : words[at + 1];
  };
  const variables: PodSpec[] = containers.find(({ name }) => name === 'proxyinit')?.env ?? [];
  const variable = (name: string): string => variables.find((one) => one.name === name)?.value ?? '';
  return {
    included: flag('-i'),
    ranges: `${flag('-x') ?? ''},${variable('APPMESH_EGRESS_IGNORED_IP')}`.split(','),
    ports: `${flag('-o') ?? ''},${variable('APPMESH_EGRESS_IGNORED_PORTS')}`.split(','),
  };
}

function hasAgent(range: string, family: Family): boolean {
  const text = range.trim();
  return text === AGENT_ADDRESSES[family] || inBlock(text, family);
}

/** Linkerd takes ranges of ports too. */
function hasPort(text: string): boolean {
  const [first, last = first] = text.trim().split('-').map(Number);
  return first !== undefined && last !== undefined && text.trim() !== '' && first <= AGENT_PORT && AGENT_PORT <= last;
}

function groupOf(labels: Labels, annotations: Labels): string {
  return labels['istio.io/rev'] ?? annotations['istio.io/rev'] ?? labels['kuma.io/mesh'] ?? annotations['kuma.io/mesh'] ?? '';
}
