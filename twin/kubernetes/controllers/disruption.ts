import type { KubernetesObject } from '../../../src/kubernetes/gateway.ts';
import { controllerOf, isActive, isReady, scaled, setCondition, timestamp } from '../objects.ts';
import { matchesSelector } from '../selectors.ts';
import type { World } from '../world.ts';

/** The disruption controller (k8s.io/kubernetes pkg/controller/disruption): keeps a PodDisruptionBudget's status. */
export function reconcileBudget(world: World, budget: KubernetesObject): void {
  const { spec, metadata } = budget;
  const chosen = world.store
    .list(world.pods, metadata.namespace)
    .filter((pod) => isActive(pod) && matchesSelector(spec.selector, pod.metadata.labels));
  // An evicted pod counts as gone until it is.
  const disrupted = Object.fromEntries(
    Object.entries(budget.status?.disruptedPods ?? {}).filter(([name]) => chosen.some((pod) => pod.metadata.name === name)),
  );
  const currentHealthy = chosen.filter((pod) => isReady(pod) && !Object.hasOwn(disrupted, pod.metadata.name)).length;
  const { expectedPods, desiredHealthy } = expectation(world, spec, chosen);
  const disruptionsAllowed = expectedPods > 0 ? Math.max(0, currentHealthy - desiredHealthy) : 0;
  const allowed = {
    type: 'DisruptionAllowed',
    status: disruptionsAllowed > 0 ? 'True' : 'False',
    reason: disruptionsAllowed > 0 ? 'SufficientPods' : 'InsufficientPods',
  };
  world.setStatus(world.kind('policy', 'PodDisruptionBudget'), budget, {
    ...budget.status,
    currentHealthy,
    desiredHealthy,
    expectedPods,
    disruptionsAllowed,
    disruptedPods: Object.keys(disrupted).length === 0 ? undefined : disrupted,
    observedGeneration: metadata.generation,
    conditions: setCondition(budget.status?.conditions, allowed, timestamp(world.store.now())),
  });
}

function expectation(
  world: World,
  spec: KubernetesObject['spec'],
  pods: readonly KubernetesObject[],
): { expectedPods: number; desiredHealthy: number } {
  if (spec.maxUnavailable !== undefined) {
    const expectedPods = wantedPods(world, pods);
    return { expectedPods, desiredHealthy: Math.max(0, expectedPods - scaled(spec.maxUnavailable, expectedPods, 'up')) };
  }
  if (typeof spec.minAvailable === 'string') {
    const expectedPods = wantedPods(world, pods);
    return { expectedPods, desiredHealthy: scaled(spec.minAvailable, expectedPods, 'up') };
  }
  return { expectedPods: pods.length, desiredHealthy: Number(spec.minAvailable ?? 0) };
}

/** The replicas that the controllers of these pods want, each controller once; for a ReplicaSet of a Deployment that is the Deployment's number. */
function wantedPods(world: World, pods: readonly KubernetesObject[]): number {
  const wanted = new Map<string, number>();
  for (const pod of pods) {
    let owner = holder(world, pod);
    owner = owner === undefined ? undefined : (holder(world, owner) ?? owner);
    const uid = owner?.metadata.uid ?? pod.metadata.uid ?? '';
    wanted.set(uid, owner?.spec?.replicas ?? owner?.status?.desiredNumberScheduled ?? 1);
  }
  return [...wanted.values()].reduce((sum, count) => sum + count, 0);
}

function holder(world: World, object: KubernetesObject): KubernetesObject | undefined {
  const owner = controllerOf(object);
  const kind = owner === undefined ? undefined : world.kinds.of(owner as unknown as KubernetesObject);
  return kind === undefined ? undefined : world.store.get(kind, object.metadata.namespace, owner?.name ?? '');
}
