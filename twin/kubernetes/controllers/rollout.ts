import type { KubernetesObject } from '../../../src/kubernetes/gateway.ts';
import { evict } from '../eviction.ts';
import { isActive, isReady, setCondition, timestamp } from '../objects.ts';
import { ApiError } from '../status.ts';
import type { PodTemplate, World } from '../world.ts';
import { cleanUp, ensureCurrent, fenceposts, type Roller, revisionsOf, roll, sum } from './revisions.ts';
import { ROLLOUTS_POD_TEMPLATE_HASH } from './template-hash.ts';

/** A restart that a budget stopped goes on after so many milliseconds. */
const RESTART_RETRY = 10_000;

/**
 * Argo Rollouts as far as a migration touches it: replicas, a new template (rolled within surge and availability,
 * without steps), and `spec.restartAt`, which evicts older pods (argo-rollouts rollout/restart.go).
 */
export function reconcileRollout(world: World, rollout: KubernetesObject, retry: { key: string; work: () => void }): void {
  const template = templateOf(world, rollout);
  if (template === undefined) {
    return;
  }
  const replicas: number = rollout.spec.replicas ?? 1;
  const roller: Roller = {
    kind: world.kind('argoproj.io', 'Rollout'),
    object: rollout,
    template,
    replicas,
    ...fenceposts(rollout.spec.strategy?.canary, replicas),
    hashLabel: ROLLOUTS_POD_TEMPLATE_HASH,
    revisionAnnotation: 'rollout.argoproj.io/revision',
  };
  if (rollout.spec.paused !== true || world.loading) {
    const current = ensureCurrent(world, roller);
    const { old } = revisionsOf(world, roller);
    roll(world, roller, current, old);
    cleanUp(world, roller, revisionsOf(world, roller).old, rollout.spec.revisionHistoryLimit ?? 10);
  }
  const restarted = restart(world, roller, retry);
  report(world, roller, restarted);
}

/** The rollout's own template, or that of the Deployment that `workloadRef` names. */
function templateOf(world: World, rollout: KubernetesObject): PodTemplate | undefined {
  const { template, workloadRef } = rollout.spec;
  if (template !== undefined || workloadRef === undefined) {
    return template;
  }
  const kind = world.kinds.byKind('apps', workloadRef.kind);
  return kind === undefined ? undefined : world.store.get(kind, rollout.metadata.namespace, workloadRef.name)?.spec.template;
}

/** Evicts pods older than `restartAt`, as many at a time as may be unavailable; answers whether none is left. */
function restart(world: World, roller: Roller, retry: { key: string; work: () => void }): boolean {
  const { object, replicas, maxUnavailable } = roller;
  const restartAt = Date.parse(object.spec.restartAt ?? '');
  if (Number.isNaN(restartAt) || object.status?.restartedAt === object.spec.restartAt) {
    return !Number.isNaN(restartAt);
  }
  if (restartAt > world.clock.now()) {
    world.queue.addAt(restartAt, `${retry.key}/restart`, retry.work);
    return false;
  }
  const pods = world.ownedBy(object, 'ReplicaSet').flatMap((replicaSet) => world.podsOf(replicaSet));
  const old = pods.filter((pod) => Date.parse(pod.metadata.creationTimestamp ?? '') < restartAt);
  const ready = pods.filter((pod) => isActive(pod) && isReady(pod)).length;
  let budget = ready - (replicas - Math.max(1, maxUnavailable));
  for (const pod of old.filter(isActive)) {
    if (budget <= 0) {
      break;
    }
    try {
      evict({ store: world.store, kinds: world.kinds, clock: world.clock }, pod, { dryRun: false }, 'system');
      budget -= 1;
    } catch (error) {
      if (!(error instanceof ApiError)) {
        throw error;
      }
      world.queue.addAt(world.clock.now() + RESTART_RETRY, `${retry.key}/restart`, retry.work);
      return false;
    }
  }
  return old.length === 0;
}

function report(world: World, roller: Roller, restarted: boolean): void {
  const { kind, replicas } = roller;
  const rollout = world.store.get(kind, roller.object.metadata.namespace, roller.object.metadata.name) as KubernetesObject;
  const { current, old } = revisionsOf(world, roller);
  const all = [...(current === undefined ? [] : [current]), ...old];
  const count = (field: string): number => sum(all, (replicaSet) => replicaSet.status?.[field] ?? 0);
  const updated: number = current?.status?.replicas ?? 0;
  const hash = current?.metadata.labels?.[ROLLOUTS_POD_TEMPLATE_HASH];
  const done = updated === replicas && count('replicas') === replicas && count('availableReplicas') === replicas;
  const now = timestamp(world.store.now());
  const progressing = { type: 'Progressing', status: 'True', reason: done ? 'NewReplicaSetAvailable' : 'ReplicaSetUpdated' };
  world.setStatus(kind, rollout, {
    ...rollout.status,
    replicas: count('replicas'),
    HPAReplicas: count('replicas'),
    updatedReplicas: updated,
    readyReplicas: count('readyReplicas'),
    availableReplicas: count('availableReplicas'),
    // Argo keeps it as text.
    observedGeneration: String(rollout.metadata.generation ?? 1),
    currentPodHash: hash,
    stableRS: done ? hash : (rollout.status?.stableRS ?? hash),
    phase: done ? 'Healthy' : 'Progressing',
    restartedAt: restarted ? rollout.spec.restartAt : rollout.status?.restartedAt,
    conditions: setCondition(rollout.status?.conditions, progressing, now, true),
  });
}
