import type { KubernetesObject } from '../kubernetes/gateway.ts';
import { matchesExpressions } from './nodes.ts';

/** A PodDisruptionBudget that allows no eviction now. */
export interface Budget {
  readonly namespace: string;
  readonly name: string;
  readonly selects: (labels: Readonly<Record<string, string>>) => boolean;
}

/**
 * The budgets that allow no eviction now: by their status where the controller has written one, otherwise those whose
 * spec forbids it whatever the number of pods.
 */
export function blockingBudgets(budgets: readonly KubernetesObject[]): Budget[] {
  return budgets.filter(blocks).map((budget) => {
    const selector = budget.spec?.selector ?? {};
    const labelsWanted = Object.entries<string>(selector.matchLabels ?? {});
    return {
      namespace: budget.metadata.namespace ?? '',
      name: budget.metadata.name,
      selects: (labels) =>
        labelsWanted.every(([key, value]) => labels[key] === value) && matchesExpressions(selector.matchExpressions, labels),
    };
  });
}

function blocks(budget: KubernetesObject): boolean {
  const allowed = budget.status?.disruptionsAllowed;
  if (typeof allowed === 'number') return allowed === 0;
  const { maxUnavailable, minAvailable } = budget.spec ?? {};
  return maxUnavailable === 0 || maxUnavailable === '0%' || minAvailable === '100%';
}
