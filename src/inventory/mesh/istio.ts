import { parse as parseYaml, YAMLError } from 'yaml';
import type { KubernetesGateway, KubernetesObject } from '../../kubernetes/gateway.ts';
import { RESOURCES } from '../../kubernetes/resources.ts';
import { AGENT_ADDRESSES } from '../../model/agent.ts';
import type { Whole } from '../consumers/read.ts';
import { type Family, inBlock } from '../network.ts';
import type { Verdict } from './verdict.ts';

/** One control plane of Istio, by its ConfigMap. */
interface ControlPlane {
  /** `ConfigMap/namespace/name`. */
  readonly subject: string;
  readonly namespace: string;
  /** Empty for the one without a revision. */
  readonly revision: string;
  /** ALLOW_ANY where it says nothing (Istio, "Global Mesh Options"). */
  readonly mode: string;
}

/** What Istio's objects say about calls that leave the mesh. */
export interface IstioFacts {
  readonly planes: readonly ControlPlane[];
  readonly sidecars: readonly KubernetesObject[];
  readonly serviceEntries: readonly KubernetesObject[];
}

/** Reads the mesh configuration of each control plane; where none of them is seen, that of the usual namespace. */
export async function readIstio(
  kubernetes: KubernetesGateway,
  deployments: readonly KubernetesObject[],
  customs: Whole,
): Promise<IstioFacts> {
  const found = deployments
    .filter(({ metadata }) => metadata.labels?.app === 'istiod')
    .map(({ metadata }) => ({ namespace: metadata.namespace ?? '', revision: metadata.labels?.['istio.io/rev'] ?? '' }));
  const planes = await Promise.all(
    (found.length === 0 ? [{ namespace: 'istio-system', revision: '' }] : found).map(async ({ namespace, revision: given }) => {
      const revision = given === 'default' ? '' : given;
      const name = revision === '' ? 'istio' : `istio-${revision}`;
      const mode = meshMode((await kubernetes.get(RESOURCES.configMaps, namespace, name))?.data?.mesh);
      return mode === undefined ? [] : [{ subject: `ConfigMap/${namespace}/${name}`, namespace, revision, mode }];
    }),
  );
  return {
    planes: planes.flat(),
    sidecars: customs.get('networking.istio.io/Sidecar') ?? [],
    serviceEntries: customs.get('networking.istio.io/ServiceEntry') ?? [],
  };
}

/** How a control plane's mesh configuration treats calls that leave the mesh; undefined where it cannot be read. */
export function meshMode(text: unknown): string | undefined {
  if (typeof text !== 'string') return undefined;
  try {
    return (parseYaml(text) as { outboundTrafficPolicy?: { mode?: string } } | null)?.outboundTrafficPolicy?.mode ?? 'ALLOW_ANY';
  } catch (error) {
    if (error instanceof YAMLError) return undefined;
    throw error;
  }
}

/** Whether a pod's proxy passes calls to an address outside the mesh: the agent's, which Istio knows only by a ServiceEntry. */
export function judgeIstio(
  { planes, sidecars, serviceEntries }: IstioFacts,
  pod: { readonly namespace: string; readonly labels: Readonly<Record<string, string>>; readonly revision: string },
  family: Family,
): Verdict {
  const plane = planes.find(({ revision }) => revision === (pod.revision === 'default' ? '' : pod.revision)) ?? planes[0];
  const sidecar = sidecarFor(sidecars, pod, plane?.namespace ?? 'istio-system');
  const own: unknown = sidecar?.spec?.outboundTrafficPolicy?.mode;
  const mode = typeof own === 'string' ? own : plane?.mode;
  if (mode === undefined) return { kind: 'unknown', by: 'its mesh configuration cannot be read' };
  const opened = serviceEntries.some((entry) => reachesAgent(entry, pod.namespace, family) && isVisible(entry, sidecar));
  if (mode !== 'REGISTRY_ONLY' || opened) return { kind: 'passes' };
  const { kind, metadata } = sidecar ?? {};
  return { kind: 'blocks', by: own === undefined ? (plane?.subject ?? '') : `${kind}/${metadata?.namespace}/${metadata?.name}` };
}

/** The one that selects the pod, else that of its namespace, else that of the root namespace (Istio, "Sidecar"). */
function sidecarFor(
  sidecars: readonly KubernetesObject[],
  { namespace, labels }: { readonly namespace: string; readonly labels: Readonly<Record<string, string>> },
  root: string,
): KubernetesObject | undefined {
  const selector = (one: KubernetesObject): Record<string, string> | undefined => one.spec?.workloadSelector?.labels;
  const own = sidecars.filter(({ metadata }) => metadata.namespace === namespace);
  const selects = (one: KubernetesObject): boolean => Object.entries(selector(one) ?? {}).every(([key, value]) => labels[key] === value);
  return (
    own.find((one) => selector(one) !== undefined && selects(one)) ??
    own.find((one) => selector(one) === undefined) ??
    sidecars.find((one) => one.metadata.namespace === root && selector(one) === undefined)
  );
}

interface Endpoint {
  readonly address?: string;
}

function reachesAgent({ spec, metadata }: KubernetesObject, namespace: string, family: Family): boolean {
  const exported: string[] = spec?.exportTo ?? ['*'];
  const isExported = exported.some((one) => one === '*' || one === namespace || (one === '.' && metadata.namespace === namespace));
  const addresses = [...(spec?.addresses ?? []), ...(spec?.endpoints ?? []).map(({ address }: Endpoint) => address)];
  const ports: { number?: number }[] = spec?.ports ?? [];
  const has = (address: unknown): boolean => address === AGENT_ADDRESSES[family] || inBlock(address, family);
  return isExported && addresses.some(has) && ports.some(({ number }) => number === 80);
}

/** A Sidecar that lists hosts imports no others: `NAMESPACE/HOST`, either of which can be a pattern. */
function isVisible(entry: KubernetesObject, sidecar: KubernetesObject | undefined): boolean {
  const listeners: { hosts?: string[] }[] = sidecar?.spec?.egress ?? [];
  if (listeners.length === 0) return true;
  const hosts: string[] = entry.spec?.hosts ?? [];
  return listeners
    .flatMap(({ hosts: imported = [] }) => imported)
    .some((one) => {
      const [namespace, name = ''] = one.split('/');
      const isThere = namespace === '*' || namespace === entry.metadata.namespace;
      const isOwn = namespace === '.' && entry.metadata.namespace === sidecar?.metadata.namespace;
      return (
        (isThere || isOwn) &&
        (name === '*' || hosts.some((host) => host === name || (name.startsWith('*.') && host.endsWith(name.slice(1)))))
      );
    });
}
