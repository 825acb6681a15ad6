import type { KubernetesObject } from '../../src/kubernetes/gateway.ts';

/** The mark that the twin's EKS leaves in a pod template when it renews an add-on's pods: a server's own field. */
export const EKS_RESTARTED_AT = 'eks.amazonaws.com/restartedAt';

/** A workload's pod template. */
export function podTemplateOf(object: KubernetesObject): KubernetesObject['spec'] {
  return object.spec?.template;
}

/** Whether every pod of a Deployment, DaemonSet or StatefulSet is of its present template and available (kubectl, "rollout status"). */
export function isRolledOut(object: KubernetesObject): boolean {
  const { spec = {}, status = {}, metadata } = object;
  if ((status.observedGeneration ?? 0) < (metadata.generation ?? 0)) return false;
  if (object.kind === 'DaemonSet') {
    const wanted = status.desiredNumberScheduled ?? 0;
    return (status.updatedNumberScheduled ?? 0) >= wanted && (status.numberAvailable ?? 0) >= wanted;
  }
  const wanted = spec.replicas ?? 1;
  if (object.kind === 'StatefulSet') return (status.readyReplicas ?? 0) >= wanted && status.currentRevision === status.updateRevision;
  const updated = status.updatedReplicas ?? 0;
  return updated >= wanted && (status.replicas ?? 0) === updated && (status.availableReplicas ?? 0) >= updated;
}
