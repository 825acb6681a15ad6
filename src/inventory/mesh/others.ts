import type { KubernetesObject } from '../../kubernetes/gateway.ts';
import { subjectOf } from '../consumers/find.ts';
import type { Whole } from '../consumers/read.ts';
import { type Family, inBlock } from '../network.ts';
import { matchesExpressions } from '../nodes.ts';
import type { Verdict } from './verdict.ts';

/** Linkerd's namespace whose EgressNetworks count everywhere (Linkerd, "EgressNetwork": policyController, egress.globalEgressNetworkNamespace). */
const GLOBAL_EGRESS = 'linkerd-egress';

/** Linkerd passes what it does not know, unless an EgressNetwork of the namespace or of the whole cluster denies it. */
export function judgeLinkerd(customs: Whole, namespace: string, family: Family): Verdict {
  const networks = customs.get('policy.linkerd.io/EgressNetwork') ?? [];
  const near = networks.filter(({ metadata }) => metadata.namespace === namespace);
  const far = networks.filter(({ metadata }) => metadata.namespace === GLOBAL_EGRESS);
  const [closest] = [near, far].map((all) => all.filter((one) => coversAgent(one, family))).filter((all) => all.length > 0);
  const denying = closest?.find(({ spec }) => spec?.trafficPolicy === 'Deny');
  return denying === undefined ? { kind: 'passes' } : { kind: 'blocks', by: subjectOf(denying) };
}

/** Without networks it is all that is outside the cluster's own. */
function coversAgent({ spec }: KubernetesObject, family: Family): boolean {
  const networks: { cidr?: string; except?: string[] }[] = spec?.networks ?? [{ cidr: '0.0.0.0/0' }, { cidr: '::/0' }];
  return networks.some(({ cidr, except = [] }) => inBlock(cidr, family) && !except.some((one) => inBlock(one, family)));
}

/** Consul passes calls beyond the mesh unless its `mesh` entry says that it has destinations in the mesh only. */
export function judgeConsul(customs: Whole): Verdict {
  const found = customs.get('consul.hashicorp.com/Mesh')?.find(({ spec }) => spec?.transparentProxy?.meshDestinationsOnly === true);
  return found === undefined ? { kind: 'passes' } : { kind: 'blocks', by: subjectOf(found) };
}

/** Kuma passes calls beyond the mesh unless the Mesh turns that off; a MeshPassthrough takes the place of the Mesh's word. */
export function judgeKuma(customs: Whole, meshName: string): Verdict {
  const policies = customs.get('kuma.io/MeshPassthrough') ?? [];
  const [policy] = policies;
  const modes = new Set(policies.map(({ spec }) => spec?.default?.passthroughMode ?? 'None'));
  if (policy !== undefined && !(modes.size === 1 && modes.has('All')))
    return { kind: 'unknown', by: `${subjectOf(policy)} limits what passes its proxies` };
  const meshes = customs.get('kuma.io/Mesh');
  const mesh = meshes?.find(({ metadata }) => metadata.name === (meshName === '' ? 'default' : meshName));
  if (mesh === undefined) return { kind: 'unknown', by: 'its Mesh cannot be read' };
  return policy === undefined && mesh.spec?.networking?.outbound?.passthrough === false
    ? { kind: 'blocks', by: subjectOf(mesh) }
    : { kind: 'passes' };
}

/** App Mesh drops calls beyond the mesh unless its egress filter is ALLOW_ALL (App Mesh API Reference, "EgressFilter"). */
export function judgeAppMesh(customs: Whole): Verdict {
  const meshes = customs.get('appmesh.k8s.aws/Mesh') ?? [];
  if (meshes.length === 0) return { kind: 'unknown', by: 'its Mesh cannot be read' };
  const dropping = meshes.find(({ spec }) => spec?.egressFilter?.type !== 'ALLOW_ALL');
  return dropping === undefined ? { kind: 'passes' } : { kind: 'blocks', by: subjectOf(dropping) };
}

interface Selector {
  readonly podSelector?: { matchLabels?: Record<string, string>; matchExpressions?: [] };
  readonly namespaceSelector?: { matchLabels?: Record<string, string>; matchExpressions?: [] };
}

/** A pod's namespace as Cilium's selectors write it. */
const NAMESPACE_LABEL = /^(k8s:)?io\.kubernetes\.pod\.namespace$/;

/** Cilium's egress gateway policies that take a pod's calls to the agent's address, and do not except it (Cilium, "Egress Gateway"). */
export function egressGateways(
  customs: Whole,
  pod: {
    readonly namespace: string;
    readonly labels: Readonly<Record<string, string>>;
    readonly namespaceLabels: Readonly<Record<string, string>>;
  },
  family: Family,
): string[] {
  const matches = (
    { matchLabels = {}, matchExpressions }: NonNullable<Selector['podSelector']>,
    labels: Readonly<Record<string, string>>,
  ): boolean =>
    Object.entries(matchLabels).every(
      ([key, value]) => (NAMESPACE_LABEL.test(key) ? pod.namespace : labels[key.replace(/^k8s:/, '')]) === value,
    ) && matchesExpressions(matchExpressions, labels);
  return (customs.get('cilium.io/CiliumEgressGatewayPolicy') ?? [])
    .filter(({ spec }) => {
      const selectors: Selector[] = spec?.selectors ?? [];
      const taken: string[] = spec?.destinationCIDRs ?? [];
      const excepted: string[] = spec?.excludedCIDRs ?? [];
      const selected = selectors.some(
        ({ podSelector = {}, namespaceSelector = {} }) =>
          matches(podSelector, pod.labels) && matches(namespaceSelector, pod.namespaceLabels),
      );
      return selected && taken.some((one) => inBlock(one, family)) && !excepted.some((one) => inBlock(one, family));
    })
    .map(subjectOf)
    .sort();
}
