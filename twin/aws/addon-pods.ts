import type { KubernetesObject } from '../../src/kubernetes/gateway.ts';
import { judgeRollout } from '../../src/verification/rollout.ts';

/** The mark that the twin's EKS leaves in a pod template when it renews an add-on's pods: a server's own field. */
export const EKS_RESTARTED_AT = 'eks.amazonaws.com/restartedAt';

/** A workload's pod template. */
export function podTemplateOf(object: KubernetesObject): KubernetesObject['spec'] {
  return object.spec?.template;
}

/** Whether a workload has rolled out, as kubectl tells it. */
export function isRolledOut(object: KubernetesObject): boolean {
  return judgeRollout(object).state === 'complete';
}
