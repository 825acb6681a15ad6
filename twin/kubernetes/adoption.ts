import type { KubernetesObject, OwnerReference } from '../../src/kubernetes/gateway.ts';
import { REVISION_LABEL } from './controllers/controller-revisions.ts';
import { isWorkload } from './controllers/manager.ts';
import { POD_TEMPLATE_HASH, ROLLOUTS_POD_TEMPLATE_HASH, templateKey } from './controllers/template-hash.ts';
import { groupOf } from './kinds.ts';
import { condition, controllerOf, withMetadata } from './objects.ts';
import { matchesSelector } from './selectors.ts';
import { templateOfPod } from './template-of-pod.ts';

/** Objects of a snapshot by {@link keyOf}. */
export type Objects = ReadonlyMap<string, KubernetesObject>;

/** `GROUP/KIND/NAMESPACE/NAME`. */
export function keyOf({ apiVersion, kind, metadata }: Pick<KubernetesObject, 'apiVersion' | 'kind' | 'metadata'>): string {
  return `${groupOf(apiVersion)}/${kind}/${metadata.namespace ?? ''}/${metadata.name}`;
}

/** The key of an object's owner: of the same namespace, or of none. */
export function ownerKeys({ metadata }: KubernetesObject, owner: OwnerReference): [string, string] {
  const { namespace } = metadata;
  const named = { apiVersion: owner.apiVersion, kind: owner.kind };
  return [
    keyOf({ ...named, metadata: { name: owner.name, ...(namespace === undefined ? {} : { namespace }) } }),
    keyOf({ ...named, metadata: { name: owner.name } }),
  ];
}

/**
 * The objects with every pod as it is, and with what its controller knows it by where the snapshot lacks that: the ReplicaSets
 * between Deployments and their pods, the revisions of StatefulSets and DaemonSets. Pods that are being deleted, and pods whose
 * owner was replaced by another of its name, are left out: they go by themselves.
 */
export function adoptPods(given: Objects): KubernetesObject[] {
  const kept = new Map<string, KubernetesObject>();
  const orphans: Orphan[] = [];
  const rollers = Map.groupBy(
    [...given.values()].filter(({ kind, spec }) => (kind === 'Deployment' || kind === 'Rollout') && spec?.selector !== undefined),
    ({ metadata }) => metadata.namespace,
  );
  for (const [key, object] of given) {
    if (object.kind === 'Pod' && object.apiVersion === 'v1') {
      if (leaves(object, given)) continue;
      const workload = lacksReplicaSet(object, given) ? rollerOf(object, rollers.get(object.metadata.namespace) ?? []) : undefined;
      if (workload !== undefined) orphans.push({ pod: object, workload });
    }
    kept.set(key, object);
  }
  for (const replicaSet of missingReplicaSets(orphans)) kept.set(keyOf(replicaSet), replicaSet);
  const owned = Map.groupBy(
    [...kept.values()].filter((object) => controllerOf(object) !== undefined),
    (object) => ownerKeys(object, controllerOf(object) as OwnerReference)[0],
  );
  const changed = [...given.values()].flatMap((object) => {
    if (groupOf(object.apiVersion) !== 'apps') return [];
    const own = (owned.get(keyOf(object)) ?? []).filter((one) => !isAnother(object, controllerOf(one) as OwnerReference));
    if (object.kind === 'StatefulSet' || object.kind === 'DaemonSet') return withRevisions(object, own);
    return object.kind === 'Deployment' ? withCurrent(object, own) : [];
  });
  for (const object of changed) kept.set(keyOf(object), object);
  return [...kept.values()];
}

/** A pod whose ReplicaSet the snapshot lacks, and the workload above it. */
interface Orphan {
  readonly pod: KubernetesObject;
  readonly workload: KubernetesObject;
}

/** Whether a pod is on its way out: it is being deleted, or its owner was replaced by another of its name. */
function leaves(pod: KubernetesObject, given: Objects): boolean {
  if (pod.metadata.deletionTimestamp !== undefined) return true;
  const owner = controllerOf(pod);
  const known = owner === undefined || !isWorkload(owner) ? undefined : given.get(ownerKeys(pod, owner)[0]);
  return owner !== undefined && known !== undefined && isAnother(known, owner);
}

function lacksReplicaSet(pod: KubernetesObject, given: Objects): boolean {
  const owner = controllerOf(pod);
  return owner !== undefined && owner.kind === 'ReplicaSet' && isWorkload(owner) && !given.has(ownerKeys(pod, owner)[0]);
}

function isAnother(object: KubernetesObject, owner: OwnerReference): boolean {
  return object.metadata.uid !== undefined && Boolean(owner.uid) && object.metadata.uid !== owner.uid;
}

/** The Deployment or Rollout of its namespace that a pod of a ReplicaSet belongs to, by its selector and the pod's name. */
function rollerOf({ metadata }: KubernetesObject, rollers: readonly KubernetesObject[]): KubernetesObject | undefined {
  return rollers.find(
    (workload) => metadata.name.startsWith(`${workload.metadata.name}-`) && matchesSelector(workload.spec.selector, metadata.labels),
  );
}

/** ReplicaSets that pods name as their owner and the snapshot does not hold. */
function missingReplicaSets(orphans: readonly Orphan[]): KubernetesObject[] {
  return [...Map.groupBy(orphans, ({ workload }) => workload)].flatMap(([workload, list]) => {
    const pods = list.map(({ pod }) => pod);
    const current = currentName(workload, pods);
    const byName = Map.groupBy(pods, (pod) => (controllerOf(pod) as OwnerReference).name);
    return [...byName.values()].map((own) => replicaSetOf(workload, own, current));
  });
}

/** The name of a workload's current ReplicaSet: by its Progressing condition (pkg/controller/deployment/progress.go), else that of its youngest pod. */
function currentName(workload: KubernetesObject, pods: readonly KubernetesObject[]): string | undefined {
  const told = /ReplicaSet "([^"]+)"/.exec(condition(workload, 'Progressing')?.message ?? '')?.[1];
  if (told !== undefined) return told;
  const hash: unknown = workload.status?.currentPodHash;
  if (typeof hash === 'string' && hash !== '') return `${workload.metadata.name}-${hash}`;
  const youngest = [...pods].sort((a, b) => createdAt(b) - createdAt(a))[0];
  return youngest === undefined ? undefined : controllerOf(youngest)?.name;
}

function createdAt({ metadata }: KubernetesObject): number {
  return Date.parse(metadata.creationTimestamp ?? '') || 0;
}

function replicaSetOf(workload: KubernetesObject, pods: readonly KubernetesObject[], current: string | undefined): KubernetesObject {
  const [pod] = pods as [KubernetesObject];
  const owner = controllerOf(pod) as OwnerReference;
  const rollout = workload.kind === 'Rollout';
  const hashLabel = rollout ? ROLLOUTS_POD_TEMPLATE_HASH : POD_TEMPLATE_HASH;
  const hash = pod.metadata.labels?.[hashLabel] ?? owner.name.slice(workload.metadata.name.length + 1);
  const template = owner.name === current && workload.spec.template !== undefined ? workload.spec.template : templateOfPod(pod);
  const labels = { ...template.metadata?.labels, [hashLabel]: hash };
  const revision = rollout ? 'rollout.argoproj.io/revision' : 'deployment.kubernetes.io/revision';
  const number = workload.metadata.annotations?.[revision] ?? '1';
  const { selector } = workload.spec;
  return {
    apiVersion: 'apps/v1',
    kind: 'ReplicaSet',
    metadata: {
      name: owner.name,
      ...(pod.metadata.namespace === undefined ? {} : { namespace: pod.metadata.namespace }),
      ...(owner.uid ? { uid: owner.uid } : {}),
      labels,
      annotations: { [revision]: owner.name === current ? number : '0' },
      ownerReferences: [ownedByName(workload)],
    },
    spec: {
      replicas: pods.length,
      selector: { ...selector, matchLabels: { ...selector.matchLabels, [hashLabel]: hash } },
      template: { ...template, metadata: { ...template.metadata, labels } },
    },
  };
}

function ownedByName({ apiVersion, kind, metadata }: KubernetesObject): OwnerReference {
  return { apiVersion, kind, name: metadata.name, uid: metadata.uid ?? '', controller: true };
}

/**
 * A Deployment's ReplicaSet of its own revision number has its template, whatever an older API server filled in. Answers it where it
 * differs.
 */
function withCurrent(deployment: KubernetesObject, owned: readonly KubernetesObject[]): KubernetesObject[] {
  const template = deployment.spec?.template;
  const revision = deployment.metadata.annotations?.['deployment.kubernetes.io/revision'];
  const settled = deployment.status?.observedGeneration === deployment.metadata.generation;
  if (template === undefined || revision === undefined || !settled) return [];
  const own = owned.filter(({ kind }) => kind === 'ReplicaSet');
  if (own.some((replicaSet) => templateKey(replicaSet.spec.template) === templateKey(template))) return [];
  return own
    .filter((replicaSet) => replicaSet.metadata.annotations?.['deployment.kubernetes.io/revision'] === revision)
    .map((replicaSet) => {
      const labels = replicaSet.spec.template.metadata?.labels;
      return { ...replicaSet, spec: { ...replicaSet.spec, template: { ...template, metadata: { ...template.metadata, labels } } } };
    });
}

/**
 * The revisions by whose labels a StatefulSet or DaemonSet knows its pods. A pod without such a label counts as of the current one.
 * Answers the revisions to make, and the pods that get a label.
 */
function withRevisions(set: KubernetesObject, owned: readonly KubernetesObject[]): KubernetesObject[] {
  const pods = owned.filter(({ kind }) => kind === 'Pod');
  if (pods.length === 0 || set.spec?.template === undefined) return [];
  const revisions = owned.filter(({ kind }) => kind === 'ControllerRevision');
  const prefix = set.kind === 'StatefulSet' ? '' : `${set.metadata.name}-`;
  const current = currentLabel(set, pods) ?? `${set.kind === 'StatefulSet' ? `${set.metadata.name}-` : ''}current`;
  const labelled = pods
    .filter((pod) => pod.metadata.labels?.[REVISION_LABEL] === undefined)
    .map((pod) => withMetadata(pod, { labels: { ...pod.metadata.labels, [REVISION_LABEL]: current } }));
  const known = new Set(revisions.map(({ metadata }) => metadata.name));
  const names = new Map<string, KubernetesObject | undefined>([[`${prefix}${current}`, undefined]]);
  for (const pod of pods) {
    const label = pod.metadata.labels?.[REVISION_LABEL];
    if (label !== undefined && label !== current && !names.has(`${prefix}${label}`)) names.set(`${prefix}${label}`, pod);
  }
  const made = [...names].filter(([name]) => !known.has(name)).map(([name, pod], index) => revisionOf(set, name, pod, names.size - index));
  return [...made, ...labelled];
}

/** What the pods of the current revision carry: by the set's status, by the generation of the template, or as all of them do. */
function currentLabel(set: KubernetesObject, pods: readonly KubernetesObject[]): string | undefined {
  const told: unknown = set.status?.updateRevision;
  if (set.kind === 'StatefulSet' && typeof told === 'string' && told !== '') return told;
  const generation = set.metadata.annotations?.['deprecated.daemonset.template.generation'];
  const ofGeneration = pods.find((pod) => generation !== undefined && pod.metadata.labels?.['pod-template-generation'] === generation);
  if (ofGeneration !== undefined) return ofGeneration.metadata.labels?.[REVISION_LABEL];
  const labels = new Set(pods.flatMap((pod) => pod.metadata.labels?.[REVISION_LABEL] ?? []));
  return labels.size === 1 ? [...labels][0] : undefined;
}

function revisionOf(set: KubernetesObject, name: string, pod: KubernetesObject | undefined, revision: number): KubernetesObject {
  const template = pod === undefined ? set.spec.template : templateOfPod(pod);
  return {
    apiVersion: 'apps/v1',
    kind: 'ControllerRevision',
    metadata: {
      name,
      ...(set.metadata.namespace === undefined ? {} : { namespace: set.metadata.namespace }),
      labels: { ...template.metadata?.labels },
      ownerReferences: [ownedByName(set)],
    },
    data: { spec: { template } },
    revision,
  };
}
