import type { KubernetesObject } from '../kubernetes/gateway.ts';

/** How far a roll-out is; `failed` means that Kubernetes itself gave up on it. */
export interface RolloutVerdict {
  readonly state: 'complete' | 'progressing' | 'failed';
  /** What is missing, with numbers; empty when complete. */
  readonly message: string;
}

const COMPLETE: RolloutVerdict = { state: 'complete', message: '' };
const progressing = (message: string): RolloutVerdict => ({ state: 'progressing', message });

/**
 * Whether the latest pod template of a workload is rolled out, by the rules of `kubectl rollout status`
 * (kubectl, pkg/polymorphichelpers/rollout_status.go). Kinds that kubectl does not know are complete when as many pods
 * are ready as their spec wants; whether the pods are the right ones is another judge's question.
 */
export function judgeRollout(workload: KubernetesObject): RolloutVerdict {
  const observed = Number(workload.status?.observedGeneration ?? 0);
  if ((workload.metadata.generation ?? 0) > observed) return progressing('its controller has not seen the change yet');
  if (workload.kind === 'Deployment') return judgeDeployment(workload);
  if (workload.kind === 'DaemonSet') return judgeDaemonSet(workload);
  if (workload.kind === 'StatefulSet') return judgeStatefulSet(workload);
  if (workload.kind === 'Rollout') return judgeArgoRollout(workload);
  return judgeReplicas(workload);
}

function judgeDeployment({ spec, status }: KubernetesObject): RolloutVerdict {
  const conditions: readonly { type?: string; reason?: string }[] = status?.conditions ?? [];
  if (conditions.some((condition) => condition.type === 'Progressing' && condition.reason === 'ProgressDeadlineExceeded')) {
    return { state: 'failed', message: 'it exceeded its progress deadline' };
  }
  const wanted: number = spec?.replicas ?? 1;
  const updated: number = status?.updatedReplicas ?? 0;
  if (updated < wanted) return progressing(`${updated} of ${wanted} pods are new`);
  const total: number = status?.replicas ?? 0;
  if (total > updated) return progressing(`${total - updated} old pods still run`);
  const available: number = status?.availableReplicas ?? 0;
  return available < updated ? progressing(`${available} of ${updated} new pods are available`) : COMPLETE;
}

function judgeDaemonSet({ spec, status }: KubernetesObject): RolloutVerdict {
  const wanted: number = status?.desiredNumberScheduled ?? 0;
  const updated: number = status?.updatedNumberScheduled ?? 0;
  if (spec?.updateStrategy?.type !== 'OnDelete' && updated < wanted) return progressing(`${updated} of ${wanted} pods are new`);
  const available: number = status?.numberAvailable ?? 0;
  return available < wanted ? progressing(`${available} of ${wanted} pods are available`) : COMPLETE;
}

function judgeStatefulSet(workload: KubernetesObject): RolloutVerdict {
  const { spec, status } = workload;
  const ready = judgeReplicas(workload);
  if (ready.state !== 'complete' || spec?.updateStrategy?.type === 'OnDelete') return ready;
  const wanted: number = spec?.replicas ?? 1;
  const partition: number = spec?.updateStrategy?.rollingUpdate?.partition ?? 0;
  const updated: number = status?.updatedReplicas ?? 0;
  if (partition > 0) return updated < wanted - partition ? progressing(`${updated} of ${wanted - partition} pods are new`) : COMPLETE;
  return status?.updateRevision === status?.currentRevision ? COMPLETE : progressing(`${updated} of ${wanted} pods are new`);
}

/** Argo Rollouts keep `status.restartedAt` behind `spec.restartAt` until every older pod was evicted (argo-rollouts, "Restarting Rollout Pods"). */
function judgeArgoRollout({ spec, status }: KubernetesObject): RolloutVerdict {
  if (spec?.restartAt !== undefined && !(Date.parse(status?.restartedAt ?? '') >= Date.parse(spec.restartAt))) {
    return progressing('its controller is still restarting pods');
  }
  const wanted: number = spec?.replicas ?? 1;
  const available: number = status?.availableReplicas ?? 0;
  return available < wanted ? progressing(`${available} of ${wanted} pods are available`) : COMPLETE;
}

function judgeReplicas({ spec, status }: KubernetesObject): RolloutVerdict {
  const wanted: number = spec?.replicas ?? 1;
  const ready: number = status?.readyReplicas ?? 0;
  return ready < wanted ? progressing(`${ready} of ${wanted} pods are ready`) : COMPLETE;
}
