import type { KubernetesObject } from '../../../src/kubernetes/gateway.ts';
import { type Condition, condition, setCondition, timestamp } from '../objects.ts';
import type { World } from '../world.ts';
import { cleanUp, ensureCurrent, fenceposts, type Roller, recreate, revisionsOf, roll, scale, sum } from './revisions.ts';
import { POD_TEMPLATE_HASH } from './template-hash.ts';

/** The Deployment controller (k8s.io/kubernetes pkg/controller/deployment). */
export function reconcileDeployment(world: World, deployment: KubernetesObject, retry: { key: string; work: () => void }): void {
  const { spec } = deployment;
  const replicas: number = spec.replicas ?? 1;
  const rolling = spec.strategy?.type !== 'Recreate';
  const roller: Roller = {
    kind: world.kind('apps', 'Deployment'),
    object: deployment,
    template: spec.template,
    replicas,
    ...(rolling ? fenceposts(spec.strategy?.rollingUpdate, replicas) : { maxSurge: 0, maxUnavailable: replicas }),
    hashLabel: POD_TEMPLATE_HASH,
    revisionAnnotation: 'deployment.kubernetes.io/revision',
  };
  const before = revisionsOf(world, roller);
  // A paused Deployment makes no new revision; its first one it had before it was paused.
  if (spec.paused === true && !(world.loading && before.current === undefined && before.old.length === 0)) {
    scalePaused(world, roller);
  } else if (rolling) {
    const current = ensureCurrent(world, roller);
    roll(world, roller, current, revisionsOf(world, roller).old);
    tidy(world, roller);
  } else {
    recreate(world, roller, before.old);
    tidy(world, roller);
  }
  report(world, roller, retry);
}

/** While it is paused only its newest revision with pods follows `spec.replicas`. */
function scalePaused(world: World, roller: Roller): void {
  const { current, old } = revisionsOf(world, roller);
  const active = [...(current === undefined ? [] : [current]), ...old].filter((replicaSet) => replicaSet.spec.replicas > 0);
  const [only] = active;
  if (only !== undefined && active.length === 1) {
    scale(world, only, roller.replicas);
  }
}

function tidy(world: World, roller: Roller): void {
  const { status, spec } = roller.object;
  if (
    status?.updatedReplicas === roller.replicas &&
    status?.replicas === roller.replicas &&
    status?.availableReplicas === roller.replicas
  ) {
    cleanUp(world, roller, revisionsOf(world, roller).old, spec.revisionHistoryLimit ?? 10);
  }
}

function report(world: World, roller: Roller, retry: { key: string; work: () => void }): void {
  const { kind, replicas, maxUnavailable } = roller;
  const { namespace, name } = roller.object.metadata;
  const deployment = world.store.get(kind, namespace, name) as KubernetesObject;
  const { current, old } = revisionsOf(world, roller);
  const all = [...(current === undefined ? [] : [current]), ...old];
  const count = (field: string, list: readonly KubernetesObject[] = all): number =>
    sum(list, (replicaSet) => replicaSet.status?.[field] ?? 0);
  const counts = {
    replicas: count('replicas'),
    updatedReplicas: current?.status?.replicas ?? 0,
    readyReplicas: count('readyReplicas'),
    availableReplicas: count('availableReplicas'),
  };
  const unavailable = Math.max(0, sum(all, (replicaSet) => replicaSet.spec.replicas) - counts.availableReplicas);
  const now = timestamp(world.store.now());
  const enough = counts.availableReplicas >= replicas - maxUnavailable;
  const availability = {
    type: 'Available',
    status: enough ? 'True' : 'False',
    reason: enough ? 'MinimumReplicasAvailable' : 'MinimumReplicasUnavailable',
  };
  const before = (deployment.status?.conditions ?? []) as Condition[];
  const conditions = setCondition(before, availability, now, true);
  const status = {
    ...deployment.status,
    ...counts,
    unavailableReplicas: unavailable === 0 ? undefined : unavailable,
    observedGeneration: deployment.metadata.generation,
  };
  world.setStatus(kind, deployment, { ...status, conditions: progress(world, roller, deployment, counts, conditions, now, retry) });
}

/** The Progressing condition: complete, on its way, paused, or out of time. From pkg/controller/deployment/progress.go */
function progress(
  world: World,
  roller: Roller,
  deployment: KubernetesObject,
  counts: {
    readonly replicas: number;
    readonly updatedReplicas: number;
    readonly readyReplicas: number;
    readonly availableReplicas: number;
  },
  conditions: readonly Condition[],
  now: string,
  retry: { key: string; work: () => void },
): Condition[] {
  const { replicas } = roller;
  const before = condition(deployment, 'Progressing');
  const set = (status: string, reason: string, touch = false): Condition[] => {
    const entry = { type: 'Progressing', status, reason };
    const next = setCondition(conditions, entry, now, true);
    return touch ? next.map((item) => (item.type === 'Progressing' ? { ...item, lastUpdateTime: now } : item)) : next;
  };
  if (deployment.spec.paused === true) {
    return set('Unknown', 'DeploymentPaused');
  }
  if (counts.updatedReplicas === replicas && counts.replicas === replicas && counts.availableReplicas === replicas) {
    return set('True', 'NewReplicaSetAvailable');
  }
  const status = deployment.status ?? {};
  const old = (all: { replicas?: number; updatedReplicas?: number }): number => (all.replicas ?? 0) - (all.updatedReplicas ?? 0);
  const moved =
    before === undefined ||
    before.reason === 'NewReplicaSetAvailable' ||
    before.reason === 'DeploymentPaused' ||
    counts.updatedReplicas > (status.updatedReplicas ?? 0) ||
    counts.readyReplicas > (status.readyReplicas ?? 0) ||
    counts.availableReplicas > (status.availableReplicas ?? 0) ||
    old(counts) < old(status);
  const deadline = (deployment.spec.progressDeadlineSeconds ?? 600) * 1000;
  if (moved) {
    world.queue.addAt(world.clock.now() + deadline + 1000, `${retry.key}/deadline`, retry.work);
    return set('True', 'ReplicaSetUpdated', true);
  }
  if (before.reason === 'ProgressDeadlineExceeded') {
    return [...conditions];
  }
  if (Date.parse(before.lastUpdateTime ?? now) + deadline < world.store.now()) {
    return set('False', 'ProgressDeadlineExceeded');
  }
  world.queue.addAt(Date.parse(before.lastUpdateTime ?? now) + deadline + 1000, `${retry.key}/deadline`, retry.work);
  return [...conditions];
}
