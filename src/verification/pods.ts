import type { KubernetesGateway, KubernetesObject } from '../kubernetes/gateway.ts';
import { RESOURCES } from '../kubernetes/resources.ts';

/** The label that marks what podshift itself creates in a cluster. */
export const MANAGED_BY_LABEL = { key: 'app.kubernetes.io/managed-by', value: 'podshift' } as const;

/** Kinds whose controller makes a new pod for one that was evicted, and whose pods may be evicted therefore. */
const RECREATING_KINDS: ReadonlySet<string> = new Set(['ReplicaSet', 'ReplicationController', 'StatefulSet', 'DaemonSet', 'Rollout']);

/**
 * The live pods of one service account: not finished, not being deleted, and not podshift's own probes.
 * A pod that names no service account runs as `default` (the ServiceAccount admission plugin fills it in).
 */
export function podsOfServiceAccount(pods: readonly KubernetesObject[], serviceAccount: string): KubernetesObject[] {
  return runningPods(pods, serviceAccount).filter(({ metadata }) => metadata.deletionTimestamp === undefined);
}

/** {@link podsOfServiceAccount}, as they are in the cluster now. */
export async function livePods(kubernetes: KubernetesGateway, namespace: string, serviceAccount: string): Promise<KubernetesObject[]> {
  return podsOfServiceAccount(await listPods(kubernetes, namespace, serviceAccount), serviceAccount);
}

/** The pods of one service account that are being deleted and still run, until their grace period is over. */
export async function terminatingPods(
  kubernetes: KubernetesGateway,
  namespace: string,
  serviceAccount: string,
): Promise<KubernetesObject[]> {
  const pods = runningPods(await listPods(kubernetes, namespace, serviceAccount), serviceAccount);
  return pods.filter(({ metadata }) => metadata.deletionTimestamp !== undefined);
}

/** The server selects: all pods of a namespace may be more than a function's memory holds. */
function listPods(kubernetes: KubernetesGateway, namespace: string, serviceAccount: string): Promise<KubernetesObject[]> {
  return kubernetes.list(RESOURCES.pods, { namespace, fieldSelector: `spec.serviceAccountName=${serviceAccount}` });
}

function runningPods(pods: readonly KubernetesObject[], serviceAccount: string): KubernetesObject[] {
  return pods.filter(
    (pod) =>
      (pod.spec?.serviceAccountName ?? 'default') === serviceAccount &&
      pod.status?.phase !== 'Succeeded' &&
      pod.status?.phase !== 'Failed' &&
      pod.metadata.labels?.[MANAGED_BY_LABEL.key] !== MANAGED_BY_LABEL.value,
  );
}

/** Whether the pod's condition `Ready` is true. */
export function isReady(pod: KubernetesObject): boolean {
  const conditions: readonly { type?: string; status?: string }[] = pod.status?.conditions ?? [];
  return conditions.some((condition) => condition.type === 'Ready' && condition.status === 'True');
}

/** Groups of the controllers that podshift knows; others have kinds of the same names. */
const KNOWN_GROUPS = /^(apps|batch|argoproj\.io)\/|^v1$/;

/** Kind of the controller that owns the pod; undefined for a bare pod, and empty for a kind that podshift does not know. */
export function controllerKind(pod: KubernetesObject): string | undefined {
  const owner = controllerOf(pod);
  if (owner === undefined) return undefined;
  return KNOWN_GROUPS.test(owner.apiVersion ?? 'v1') ? owner.kind : '';
}

/** Whether a pod ends by itself and is of no Job, Kubernetes' own or another group's: whoever made it makes no other one in its place. */
export function endsByItself(pod: KubernetesObject): boolean {
  const policy: unknown = pod.spec?.restartPolicy;
  return (policy === 'Never' || policy === 'OnFailure') && !/Job$/.test(controllerOf(pod)?.kind ?? '');
}

/** Whether nobody renews a pod, and it keeps the way that it has until it ends: that of a Job, or one that ends by itself. */
export function keepsItsWay(pod: KubernetesObject): boolean {
  return controllerKind(pod) === 'Job' || endsByItself(pod);
}

function controllerOf(pod: KubernetesObject) {
  return pod.metadata.ownerReferences?.find(({ controller }) => controller === true);
}

/** Whether an evicted pod is made anew by its controller. The pod of a Job, or a bare one, may not be. */
export function isRecreated(pod: KubernetesObject): boolean {
  return RECREATING_KINDS.has(controllerKind(pod) ?? '');
}
