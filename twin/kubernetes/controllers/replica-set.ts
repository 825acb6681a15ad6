import type { KubernetesObject } from '../../../src/kubernetes/gateway.ts';
import type { Kind } from '../kinds.ts';
import { availableAt, isActive, isReady } from '../objects.ts';
import type { World } from '../world.ts';

/** Counts of pods, as statuses give them. */
export interface PodCounts {
  readonly ready: number;
  readonly available: number;
}

/** Counts ready and available pods, and has `retry` worked on when the next one becomes available. */
export function countPods(
  world: World,
  pods: readonly KubernetesObject[],
  minReadySeconds: number,
  retry: { readonly key: string; readonly work: () => void },
): PodCounts {
  let ready = 0;
  let available = 0;
  let next = Number.POSITIVE_INFINITY;
  const now = world.clock.now();
  for (const pod of pods) {
    const at = availableAt(pod, minReadySeconds);
    if (at !== undefined) {
      ready += 1;
      if (at <= now) {
        available += 1;
      } else {
        next = Math.min(next, at);
      }
    }
  }
  if (next < Number.POSITIVE_INFINITY) {
    world.queue.addAt(next, retry.key, retry.work);
  }
  return { ready, available };
}

/** Keeps as many pods as a ReplicaSet or ReplicationController wants. Finished pods are left to the pod garbage collector. */
export function reconcileReplicaSet(
  world: World,
  kind: Kind,
  replicaSet: KubernetesObject,
  retry: { key: string; work: () => void },
): void {
  const { spec, metadata, status } = replicaSet;
  const wanted: number = spec.replicas ?? 1;
  const active = world.podsOf(replicaSet).filter(isActive);
  for (let missing = wanted - active.length; missing > 0; missing -= 1) {
    if (world.createPod(replicaSet, spec.template, {}, retry) === undefined) {
      break;
    }
  }
  if (active.length > wanted) {
    for (const pod of expendable(active).slice(0, active.length - wanted)) {
      world.deletePod(pod);
    }
  }
  const kept = world.podsOf(replicaSet).filter(isActive);
  const counts = countPods(world, kept, spec.minReadySeconds ?? 0, retry);
  world.setStatus(kind, replicaSet, {
    ...status,
    replicas: kept.length,
    fullyLabeledReplicas: kept.length,
    readyReplicas: counts.ready,
    availableReplicas: counts.available,
    observedGeneration: metadata.generation,
  });
}

/** Pods in the order in which a scale-down takes them: not running, then not ready, then the newest. From k8s.io/kubernetes pkg/controller (ActivePodsWithRanks). */
function expendable(pods: readonly KubernetesObject[]): KubernetesObject[] {
  const rank = (pod: KubernetesObject): number =>
    pod.spec.nodeName === undefined ? 0 : pod.status?.phase === 'Pending' ? 1 : isReady(pod) ? 3 : 2;
  return [...pods].sort(
    (left, right) =>
      rank(left) - rank(right) || Date.parse(right.metadata.creationTimestamp ?? '') - Date.parse(left.metadata.creationTimestamp ?? ''),
  );
}
