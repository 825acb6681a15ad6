import type { KubernetesObject } from '../../src/kubernetes/gateway.ts';
import type { KubernetesSide } from '../contracts.ts';
import { daemonOf } from '../metadata/daemon.ts';
import { type Baseline, objectKey } from './baseline.ts';

/** A label that no node has: a DaemonSet that selects it runs nowhere. */
const STOP = ['spec', 'template', 'spec', 'nodeSelector', 'podshift/retired-by'].join('\0');
const REPLICAS = ['spec', 'replicas'].join('\0');

/** The workloads that are kube2iam or kiam, `Kind/namespace/name`, with the service account of their pods (`NAMESPACE/NAME`). */
export function daemonWorkloads(kubernetes: Pick<KubernetesSide, 'object' | 'objects'>): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  for (const kind of ['DaemonSet', 'Deployment'])
    for (const workload of kubernetes.objects(kind)) {
      const { namespace = '', name } = workload.metadata;
      const template = { ...workload.spec.template, metadata: { namespace, name } } as KubernetesObject;
      if (daemonOf(template, kubernetes) !== undefined)
        found.set(objectKey(workload), `${namespace}/${template.spec.serviceAccountName ?? 'default'}`);
    }
  return found;
}

/** Whether a change of a daemon stops it, or starts it as it was: by a node selector that fits no node, or by its replicas. */
export function isDaemonStep(path: string, after: KubernetesObject, baseline: Baseline): boolean {
  const key = objectKey(after);
  if (!baseline.daemons.has(key)) return false;
  if (after.kind === 'DaemonSet') return path === STOP;
  return path === REPLICAS && [0, baseline.objects.get(key)?.spec.replicas ?? 1].includes(after.spec.replicas);
}

/** Whether a pod is one of a daemon's own, which may be deleted to be made anew. */
export function isDaemonPod(pod: KubernetesObject, baseline: Baseline): boolean {
  const { namespace, ownerReferences = [] } = pod.metadata;
  return pod.kind === 'Pod' && ownerReferences.some(({ kind, name }) => baseline.daemons.has(`${kind}/${namespace}/${name}`));
}

/** Whether a pod of podshift's runs as a daemon does, so that it may remove its rule. */
export function runsAsDaemon(serviceAccount: string | undefined, baseline: Baseline): boolean {
  return serviceAccount !== undefined && [...baseline.daemons.values()].includes(serviceAccount);
}
