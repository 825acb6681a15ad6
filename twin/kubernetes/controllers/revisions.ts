import type { KubernetesObject } from '../../../src/kubernetes/gateway.ts';
import type { Kind } from '../kinds.ts';
import { isActive, ownedBy, scaled } from '../objects.ts';
import type { PodTemplate, World } from '../world.ts';
import { templateHash, templateKey } from './template-hash.ts';

/** A Deployment, or an Argo Rollout, as the roll-out of its ReplicaSets sees it. */
export interface Roller {
  readonly kind: Kind;
  readonly object: KubernetesObject;
  readonly template: PodTemplate;
  readonly replicas: number;
  readonly maxSurge: number;
  readonly maxUnavailable: number;
  /** The revision label. */
  readonly hashLabel: string;
  /** The annotation that numbers revisions. */
  readonly revisionAnnotation: string;
}

/** How many pods may be above and below the wanted number. From k8s.io/kubernetes pkg/controller/deployment/util ResolveFenceposts. */
export function fenceposts(
  rolling: { maxSurge?: number | string; maxUnavailable?: number | string } | undefined,
  replicas: number,
): { maxSurge: number; maxUnavailable: number } {
  const maxSurge = scaled(rolling?.maxSurge ?? '25%', replicas, 'up');
  const maxUnavailable = scaled(rolling?.maxUnavailable ?? '25%', replicas, 'down');
  return { maxSurge, maxUnavailable: maxSurge === 0 && maxUnavailable === 0 ? 1 : maxUnavailable };
}

/** The ReplicaSet of the current template, and those of older ones. */
export interface Revisions {
  readonly current: KubernetesObject | undefined;
  readonly old: readonly KubernetesObject[];
}

export function revisionsOf(world: World, roller: Roller): Revisions {
  const key = templateKey(roller.template);
  const all = world.ownedBy(roller.object, 'ReplicaSet');
  // With several of the same template Kubernetes takes the oldest, so that all controllers take the same.
  const same = all.filter((replicaSet) => templateKey(replicaSet.spec.template) === key);
  const current = same.sort(
    (left, right) => Date.parse(left.metadata.creationTimestamp ?? '') - Date.parse(right.metadata.creationTimestamp ?? ''),
  )[0];
  return { current, old: all.filter((replicaSet) => replicaSet !== current) };
}

/** Makes the ReplicaSet of the current template, or takes the old one of that template up again, and numbers it. */
export function ensureCurrent(world: World, roller: Roller): KubernetesObject {
  const { current, old } = revisionsOf(world, roller);
  const kind = world.kind('apps', 'ReplicaSet');
  const newest = Math.max(0, ...old.map((replicaSet) => revisionOf(replicaSet, roller)));
  const revision = current === undefined || revisionOf(current, roller) <= newest ? newest + 1 : revisionOf(current, roller);
  const annotations = { [roller.revisionAnnotation]: String(revision) };
  const owner = world.store.get(roller.kind, roller.object.metadata.namespace, roller.object.metadata.name) as KubernetesObject;
  world.annotate(roller.kind, owner, annotations);
  if (current !== undefined) {
    return world.annotate(kind, current, annotations);
  }
  const { object, template, hashLabel } = roller;
  const hash = templateHash(template);
  const labels = { ...template.metadata?.labels, [hashLabel]: hash };
  const selector = object.spec.selector ?? { matchLabels: template.metadata?.labels };
  const total = old.reduce((sum, replicaSet) => sum + replicaSet.spec.replicas, 0);
  return world.store.create(
    kind,
    {
      apiVersion: 'apps/v1',
      kind: 'ReplicaSet',
      metadata: {
        name: `${object.metadata.name}-${hash}`,
        namespace: object.metadata.namespace as string,
        labels,
        annotations,
        ownerReferences: ownedBy(object),
      },
      spec: {
        replicas: Math.max(0, Math.min(roller.replicas, roller.replicas + roller.maxSurge - total)),
        ...(object.spec.minReadySeconds === undefined ? {} : { minReadySeconds: object.spec.minReadySeconds }),
        selector: { ...selector, matchLabels: { ...selector.matchLabels, [hashLabel]: hash } },
        template: { ...template, metadata: { ...template.metadata, labels } },
      },
      status: { replicas: 0 },
    },
    'system',
  );
}

/** Moves replicas from old revisions to the current one, within surge and availability. From pkg/controller/deployment/rolling.go */
export function roll(world: World, roller: Roller, current: KubernetesObject, old: readonly KubernetesObject[]): void {
  const total = current.spec.replicas + sum(old, (replicaSet) => replicaSet.spec.replicas);
  if (current.spec.replicas > roller.replicas) {
    scale(world, current, roller.replicas);
    return;
  }
  const room = roller.replicas + roller.maxSurge - total;
  const growth = Math.min(room, roller.replicas - current.spec.replicas);
  if (growth > 0) {
    scale(world, current, current.spec.replicas + growth);
    return;
  }
  const minimum = roller.replicas - roller.maxUnavailable;
  const unavailable = current.spec.replicas - available(current);
  let budget = total - minimum - unavailable;
  if (budget <= 0) {
    return;
  }
  // Pods of old revisions that do not work go first: they cost no availability.
  const shrunk = new Map<string, number>();
  for (const replicaSet of old) {
    const broken = Math.min(budget, replicaSet.spec.replicas - available(replicaSet));
    if (broken > 0) {
      shrunk.set(replicaSet.metadata.name, broken);
      budget -= broken;
    }
  }
  let spare = available(current) + sum(old, available) - minimum;
  for (const replicaSet of old) {
    const left = replicaSet.spec.replicas - (shrunk.get(replicaSet.metadata.name) ?? 0);
    const taken = Math.max(0, Math.min(left, spare));
    spare -= taken;
    scale(world, replicaSet, left - taken);
  }
}

/** Takes all old pods down before a new one comes up. From pkg/controller/deployment/recreate.go */
export function recreate(world: World, roller: Roller, old: readonly KubernetesObject[]): void {
  for (const replicaSet of old) {
    scale(world, replicaSet, 0);
  }
  if (old.some((replicaSet) => world.podsOf(replicaSet).some((pod) => isActive(pod) || pod.metadata.deletionTimestamp !== undefined))) {
    return;
  }
  scale(world, ensureCurrent(world, roller), roller.replicas);
}

/** Deletes empty old revisions beyond `limit`, the oldest first. */
export function cleanUp(world: World, roller: Roller, old: readonly KubernetesObject[], limit: number): void {
  const empty = old.filter((replicaSet) => replicaSet.spec.replicas === 0 && (replicaSet.status?.replicas ?? 0) === 0);
  empty.sort((left, right) => revisionOf(left, roller) - revisionOf(right, roller));
  for (const replicaSet of empty.slice(0, Math.max(0, old.length - limit))) {
    world.delete(world.kind('apps', 'ReplicaSet'), replicaSet);
  }
}

export function scale(world: World, replicaSet: KubernetesObject, replicas: number): void {
  if (replicaSet.spec.replicas !== replicas) {
    world.store.update(world.kind('apps', 'ReplicaSet'), replicaSet, { ...replicaSet, spec: { ...replicaSet.spec, replicas } }, 'system');
  }
}

export function sum(list: readonly KubernetesObject[], count: (object: KubernetesObject) => number): number {
  return list.reduce((total, object) => total + count(object), 0);
}

function available(replicaSet: KubernetesObject): number {
  return Math.min(replicaSet.spec.replicas, replicaSet.status?.availableReplicas ?? 0);
}

function revisionOf(replicaSet: KubernetesObject, { revisionAnnotation }: Roller): number {
  return Number(replicaSet.metadata.annotations?.[revisionAnnotation] ?? 0);
}
