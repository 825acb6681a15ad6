import type { KubernetesObject } from '../../src/kubernetes/gateway.ts';
import type { TwinClock } from '../contracts.ts';
import { type DeleteOptions, deleteObject } from './deletion.ts';
import type { Kind, KindRegistry } from './kinds.ts';
import { isFinished, isReady, timestamp } from './objects.ts';
import { matchesSelector } from './selectors.ts';
import { ApiError, conflict } from './status.ts';
import type { Store } from './store.ts';

/** The parts of a cluster that an eviction works on. */
export interface EvictionWorld {
  readonly store: Store;
  readonly kinds: KindRegistry;
  readonly clock: TwinClock;
}

/**
 * Evicts a pod as k8s.io/kubernetes pkg/registry/core/pod/storage/eviction.go does: 429 where its PodDisruptionBudget
 * forbids it, 500 where several choose it. Throws `ApiError`.
 */
export function evict(
  { store, kinds, clock }: EvictionWorld,
  pod: KubernetesObject,
  options: DeleteOptions & { dryRun: boolean },
  by: 'request' | 'system',
): void {
  const podKind = kinds.byKind('', 'Pod') as Kind;
  const budgetKind = kinds.byKind('policy', 'PodDisruptionBudget') as Kind;
  const { name, namespace = '', uid } = pod.metadata;
  const exempt = isFinished(pod) || pod.status?.phase === 'Pending' || pod.metadata.deletionTimestamp !== undefined;
  if (!exempt) {
    const budgets = store.list(budgetKind, namespace).filter((budget) => matchesSelector(budget.spec.selector, pod.metadata.labels));
    if (budgets.length > 1) {
      throw new ApiError(
        500,
        'InternalError',
        'This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.',
        {
          causes: [{ message: 'This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.' }],
        },
      );
    }
    const [budget] = budgets;
    if (budget !== undefined && !mayGoUnready(budget, pod)) {
      const status = spend(budget, pod, timestamp(clock.now()));
      if (!options.dryRun) {
        store.update(budgetKind, budget, { ...budget, status }, 'system');
      }
    }
  }
  // The delete comes last and checks last: where it fails, the disruption is spent all the same.
  if (options.preconditions?.uid !== undefined && options.preconditions.uid !== uid) {
    throw conflict(podKind, name, `Precondition failed: UID in precondition: ${options.preconditions.uid}, UID in object meta: ${uid}`);
  }
  if (!options.dryRun) {
    deleteObject(store, kinds, clock, podKind, pod, options, by);
  }
}

/** An unready pod takes nothing from a healthy budget, and nothing at all under AlwaysAllow. */
function mayGoUnready(budget: KubernetesObject, pod: KubernetesObject): boolean {
  if (isReady(pod)) {
    return false;
  }
  const { currentHealthy = 0, desiredHealthy = 0 } = budget.status ?? {};
  return budget.spec.unhealthyPodEvictionPolicy === 'AlwaysAllow' || (currentHealthy >= desiredHealthy && desiredHealthy > 0);
}

/** The budget's status with one disruption spent, or the 429. */
function spend(budget: KubernetesObject, pod: KubernetesObject, now: string): Record<string, unknown> {
  const { name, generation = 1 } = budget.metadata;
  const { observedGeneration = 0, disruptionsAllowed = 0, desiredHealthy = 0, currentHealthy = 0 } = budget.status ?? {};
  if (observedGeneration < generation) {
    throw blocked(`The disruption budget ${name} is still being processed by the server.`, 10);
  }
  if (disruptionsAllowed <= 0) {
    throw blocked(`The disruption budget ${name} needs ${desiredHealthy} healthy pods and has ${currentHealthy} currently`);
  }
  return {
    ...budget.status,
    disruptionsAllowed: disruptionsAllowed - 1,
    disruptedPods: { ...budget.status.disruptedPods, [pod.metadata.name]: now },
  };
}

function blocked(message: string, retryAfterSeconds?: number): ApiError {
  return new ApiError(429, 'TooManyRequests', "Cannot evict pod as it would violate the pod's disruption budget.", {
    causes: [{ reason: 'DisruptionBudget', message }],
    ...(retryAfterSeconds === undefined ? {} : { retryAfterSeconds }),
  });
}
