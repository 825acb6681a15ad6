import type { WorkloadFacts } from '../model/inventory.ts';
import type { MigrationOptions } from '../model/options.ts';
import type { RestartMethod, WorkloadPlan } from '../model/plan.ts';

/** What keeps podshift from renewing a workload's pods. */
export type Obstacle =
  | 'updated-in-place'
  | 'unknown-controller'
  | 'bare-pod'
  | 'running-job'
  | 'paused'
  | 'on-delete'
  | 'partition'
  | 'disruption-budget';

/** How a workload is restarted. */
export interface Restart {
  readonly method: RestartMethod;
  /** Why the method is `none` or `evict`; empty for an ordinary restart, and where an obstacle says it. */
  readonly why: string;
  readonly obstacle: Obstacle | null;
  /** Its running pods would be replaced, were it not for an obstacle: that can be a downtime. */
  readonly replaces: boolean;
}

/** Groups whose controllers update pods in place, without creating them again. */
const IN_PLACE = new Set(['apps.kruise.io']);

/**
 * Custom resources whose operator keeps the annotations of kubectl in the templates of the sets that it makes, so that a restart by
 * the mark of `kubectl rollout restart` lasts: prometheus-operator (pkg/k8sutil, UpdateStatefulSet and UpdateDaemonSet).
 */
const KEEPING_RESTARTS = new Set([
  'monitoring.coreos.com/Prometheus',
  'monitoring.coreos.com/PrometheusAgent',
  'monitoring.coreos.com/Alertmanager',
  'monitoring.coreos.com/ThanosRuler',
]);

/** How podshift gets new pods of a workload, as far as it can. */
export function restartOf(workload: WorkloadFacts, options: MigrationOptions): Restart {
  if (workload.skipsWebhook) return nothing('it keeps the webhook away from its pods');
  const { controlledBy } = workload;
  if (controlledBy !== null && isStandIn(workload)) {
    if (workload.endsByItself === true) return nothing('its pods end by themselves');
    return held(unknownKind(controlledBy));
  }
  switch (workload.kind) {
    case 'Pod':
      return workload.endsByItself === true ? nothing('it ends by itself') : held('bare-pod');
    case 'CronJob':
      return nothing(workload.idle === 'suspended' ? 'the CronJob is suspended' : 'its next Job starts with the new credentials');
    case 'Job':
      if (workload.idle === null) return held('running-job');
      return nothing(workload.idle === 'finished' ? 'the Job has ended' : 'the Job is suspended');
  }
  if (workload.replicas === 0) return nothing('it is scaled to zero');
  if (workload.paused) return held('paused');
  return { ...replacement(workload, options), replaces: true };
}

/** Whether it stands for a controller that is not read itself: it is of that controller's own kind. */
export function isStandIn({ controlledBy, apiVersion, kind }: WorkloadFacts): boolean {
  return controlledBy?.kind === kind && controlledBy.apiVersion === apiVersion;
}

function unknownKind({ apiVersion }: { readonly apiVersion: string }): Obstacle {
  return IN_PLACE.has(groupOf(apiVersion)) ? 'updated-in-place' : 'unknown-controller';
}

function groupOf(apiVersion: string): string {
  return apiVersion.split('/')[0] as string;
}

/** How running pods are replaced by new ones of their template. */
function replacement(workload: WorkloadFacts, { allowPodDeletion }: MigrationOptions): Restart {
  const evicted = (why: string): Restart =>
    workload.blockingBudgets.length === 0 ? { ...nothing(why), method: 'evict' } : held('disruption-budget');
  const { controlledBy: owner } = workload;
  // Whoever owns the set puts its template back, with the mark of a restart; an eviction changes no template.
  if (owner !== null && !KEEPING_RESTARTS.has(`${groupOf(owner.apiVersion)}/${owner.kind}`))
    return allowPodDeletion ? evicted(`${owner.kind} ${owner.name} owns its template`) : held(unknownKind(owner));
  if (workload.kind === 'ReplicaSet' || workload.kind === 'ReplicationController')
    return evicted(`a stand-alone ${workload.kind} makes no pods for a changed template`);
  if (workload.strategy === 'OnDelete') return allowPodDeletion ? evicted('its update strategy is OnDelete') : held('on-delete');
  if (workload.partition > 0) return allowPodDeletion ? evicted(`its partition is ${workload.partition}`) : held('partition');
  // The Rollout that takes its template would roll by its own steps for a changed one.
  if (workload.templateOf !== undefined) return evicted(`${workload.templateOf} takes its template`);
  return { ...nothing(''), method: workload.kind === 'Rollout' ? 'argo-rollout' : 'rollout' };
}

function nothing(why: string): Restart {
  return { method: 'none', why, obstacle: null, replaces: false };
}

function held(obstacle: Obstacle): Restart {
  return { ...nothing(''), obstacle };
}

/** The workload as the plan shows it, with how it is restarted and why so. */
export function workloadPlan({ apiVersion, kind, name, replicas }: WorkloadFacts, restart: RestartMethod, why: string): WorkloadPlan {
  return { apiVersion, kind, name, restart, replicas, note: why };
}
