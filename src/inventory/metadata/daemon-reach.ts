import type { KubernetesObject } from '../../kubernetes/gateway.ts';
import { RETIRED_LABEL } from '../../model/retirement.ts';
import { fits, type Node } from '../nodes.ts';

/** What every pod of a DaemonSet tolerates (k8s.io/kubernetes, pkg/controller/daemon/util AddOrUpdateDaemonPodTolerations). */
const DAEMON_TOLERATIONS = [
  'not-ready',
  'unreachable',
  'disk-pressure',
  'memory-pressure',
  'pid-pressure',
  'unschedulable',
  'network-unavailable',
].map((condition) => ({ key: `node.kubernetes.io/${condition}`, operator: 'Exists' }));

/**
 * Whether pods of a daemon may run on a node, so that the node can have its rule. podshift's own mark, by which a daemon
 * runs nowhere, does not count. Neither Fargate nor hybrid nodes have instance metadata.
 */
export function reaches(daemon: KubernetesObject, node: Node): boolean {
  if (daemon.kind !== 'DaemonSet' || (node.class !== 'linux' && node.class !== 'auto')) return false;
  const spec = daemon.spec?.template?.spec ?? {};
  const { [RETIRED_LABEL]: _mark, ...nodeSelector } = spec.nodeSelector ?? {};
  return fits({ ...spec, nodeSelector, tolerations: [...(spec.tolerations ?? []), ...DAEMON_TOLERATIONS] }, node);
}

/** Whether a daemon is meant to run nowhere: its DaemonSet selects the mark that no node has, or its Deployment has no replicas. */
export function isStopped(daemon: KubernetesObject): boolean {
  return daemon.kind === 'Deployment' ? daemon.spec?.replicas === 0 : stopMark(daemon) !== null;
}

/** What a DaemonSet's node selector has for the mark, which is the run that put it there; null for none. */
export function stopMark(daemon: KubernetesObject): string | null {
  return daemon.spec?.template?.spec?.nodeSelector?.[RETIRED_LABEL] ?? null;
}
