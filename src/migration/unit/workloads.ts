import type { KubernetesGateway, KubernetesObject, Resource } from '../../kubernetes/gateway.ts';
import { RESOURCES } from '../../kubernetes/resources.ts';
import { PodshiftError } from '../../model/errors.ts';
import type { UnitPlan, WorkloadPlan } from '../../model/plan.ts';
import type { RunRecord, UnitRecord } from '../../model/run.ts';

/** The annotation that `kubectl rollout restart` sets in a pod template (kubectl, pkg/polymorphichelpers/objectrestarter.go). */
export const RESTARTED_AT = 'kubectl.kubernetes.io/restartedAt';

const KINDS: Readonly<Record<string, Resource>> = {
  Deployment: RESOURCES.deployments,
  StatefulSet: RESOURCES.statefulSets,
  DaemonSet: RESOURCES.daemonSets,
  ReplicaSet: RESOURCES.replicaSets,
  ReplicationController: RESOURCES.replicationControllers,
  Rollout: RESOURCES.argoRollouts,
};

/** The resource of a workload that has a roll-out; undefined for kinds without one. */
export function resourceOf(workload: WorkloadPlan): Resource | undefined {
  return KINDS[workload.kind];
}

/** A workload that the plan restarts, as it is now. */
export interface LiveWorkload {
  readonly plan: WorkloadPlan;
  readonly resource: Resource;
  readonly object: KubernetesObject;
  /** `Kind/namespace/name`. */
  readonly subject: string;
}

/** How a workload is called in the journal and in reasons. */
export function subjectOf(unit: UnitPlan, workload: WorkloadPlan): string {
  return `${workload.kind}/${unit.namespace}/${workload.name}`;
}

/** The workloads of the unit that have pods to renew. Throws `WorldMoved` where one is gone. */
export async function liveWorkloads(kubernetes: KubernetesGateway, unit: UnitPlan): Promise<LiveWorkload[]> {
  const live: LiveWorkload[] = [];
  for (const plan of unit.workloads) {
    const resource = resourceOf(plan);
    if (plan.restart === 'none' || resource === undefined) continue;
    const object = await kubernetes.get(resource, unit.namespace, plan.name);
    if (object === undefined) throw new PodshiftError('WorldMoved', `${subjectOf(unit, plan)} is gone since the plan was made`);
    live.push({ plan, resource, object, subject: subjectOf(unit, plan) });
  }
  return live;
}

/** A restart mark of a workload: where it is, what it is now, and the patch that sets it (null removes it). */
export interface RestartMark {
  readonly current: string | null;
  patch(value: string | null): { type: 'merge' | 'strategic'; body: unknown };
}

/**
 * The restart mark of a built-in workload is an annotation of its pod template; an Argo Rollout's is `spec.restartAt`
 * (argo-rollouts, "Restarting Rollout Pods"). The patch names the version that was read, so that nobody's change is lost.
 */
export function restartMark({ plan, object }: Pick<LiveWorkload, 'plan' | 'object'>): RestartMark {
  const { resourceVersion } = object.metadata;
  const metadata = resourceVersion === undefined ? {} : { metadata: { resourceVersion } };
  if (plan.kind === 'Rollout') {
    return {
      current: object.spec?.restartAt ?? null,
      patch: (value) => ({ type: 'merge', body: { ...metadata, spec: { restartAt: value } } }),
    };
  }
  return {
    current: object.spec?.template?.metadata?.annotations?.[RESTARTED_AT] ?? null,
    patch: (value) => ({
      type: 'strategic',
      body: { ...metadata, spec: { template: { metadata: { annotations: { [RESTARTED_AT]: value } } } } },
    }),
  };
}

/**
 * The restart mark that a run sets: whole seconds, as kubectl writes them. A pod template takes any value that is new; an Argo Rollout renews the pods that
 * are older than it, so its value is the time of this step's first try.
 */
export function markValue(run: RunRecord, unit: UnitRecord, plan: WorkloadPlan): string {
  const at = plan.restart === 'argo-rollout' ? (unit.stepStartedAt.restart ?? run.startedAt) : run.startedAt;
  return new Date(Math.floor(Date.parse(at) / 1000) * 1000).toISOString().replace('.000Z', 'Z');
}
