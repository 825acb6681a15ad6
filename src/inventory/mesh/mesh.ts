import type { KubernetesGateway, KubernetesObject } from '../../kubernetes/gateway.ts';
import { RESOURCES } from '../../kubernetes/resources.ts';
import type { MeshFact } from '../../model/inventory.ts';
import type { Whole } from '../consumers/read.ts';
import type { Family } from '../network.ts';
import type { Draft } from '../workloads.ts';
import { judgeIstio, readIstio } from './istio.ts';
import { egressGateways, judgeAppMesh, judgeConsul, judgeKuma, judgeLinkerd } from './others.ts';
import { type Sidecar, sidecarsOf } from './sidecars.ts';
import type { Verdict } from './verdict.ts';

/** What the proxies of a cluster are judged by. */
export interface MeshWorld {
  readonly kubernetes: KubernetesGateway;
  readonly deployments: readonly KubernetesObject[];
  readonly customs: Whole;
  readonly family: Family;
}

/** Kinds and Deployments that only a cluster with a mesh or an egress gateway has. */
const MESH_KINDS =
  /^(networking\.istio\.io|policy\.linkerd\.io|kuma\.io|appmesh\.k8s\.aws|consul\.hashicorp\.com)\/|\/CiliumEgressGatewayPolicy$/;
const INJECTORS = /^(istiod|linkerd-proxy-injector|kuma-control-plane|consul-connect-injector|appmesh-controller)/;

/**
 * Says of each workload what its proxies do with calls to the agent. The probe pod has none of them, so what it proves says nothing of
 * a pod that has one. Of a workload whose pods run, they tell; of any other its template, which is injected when its pods start.
 */
export async function judgeMeshes(drafts: readonly Draft[], { kubernetes, deployments, customs, family }: MeshWorld): Promise<void> {
  const proxied = drafts.some(({ sidecars }) => (sidecars ?? []).length > 0);
  const isThere =
    [...customs.keys()].some((kind) => MESH_KINDS.test(kind)) || deployments.some(({ metadata }) => INJECTORS.test(metadata.name));
  if (!proxied && !isThere) return;
  const [namespaces, istio] = await Promise.all([kubernetes.list(RESOURCES.namespaces), readIstio(kubernetes, deployments, customs)]);
  const labelsOf = new Map(namespaces.map(({ metadata }) => [metadata.name, metadata.labels ?? {}]));
  for (const { facts, spec, labels, annotations, sidecars } of drafts) {
    const { namespace } = facts;
    const namespaceLabels = labelsOf.get(namespace) ?? {};
    const judge = ({ mesh, bypassed, of }: Sidecar): Verdict => {
      if (bypassed) return { kind: 'passes' };
      switch (mesh) {
        case 'Istio':
          return judgeIstio(istio, { namespace, labels, revision: of }, family);
        case 'Linkerd':
          return judgeLinkerd(customs, namespace, family);
        case 'Consul':
          return judgeConsul(customs);
        case 'Kuma':
          return judgeKuma(customs, of);
        case 'App Mesh':
          return judgeAppMesh(customs);
      }
    };
    const found = sidecars ?? sidecarsOf({ spec, labels, annotations, namespaceLabels }, family, 'template');
    const told = found.flatMap((sidecar): MeshFact[] => {
      const verdict = judge(sidecar);
      return verdict.kind === 'passes' ? [] : [{ mesh: sidecar.mesh, verdict: verdict.kind, by: verdict.by }];
    });
    const unique = [...new Map(told.map((one) => [JSON.stringify(one), one])).values()];
    if (unique.length > 0) facts.meshes = unique;
    const gateways = spec?.hostNetwork === true ? [] : egressGateways(customs, { namespace, labels, namespaceLabels }, family);
    if (gateways.length > 0) facts.egressGateways = gateways;
  }
}
