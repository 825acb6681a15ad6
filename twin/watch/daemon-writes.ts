import type { KubernetesObject } from '../../src/kubernetes/gateway.ts';
import { type Baseline, objectKey } from './baseline.ts';

/** A label that no node has: a DaemonSet that selects it runs nowhere. */
const STOP = ['spec', 'template', 'spec', 'nodeSelector', 'podshift/retired-by'].join('\0');
const REPLICAS = ['spec', 'replicas'].join('\0');

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
