import type { KubernetesObject, OwnerReference } from '../../src/kubernetes/gateway.ts';
import { withoutNulls } from './absent.ts';
import { adoptPods, keyOf, ownerKeys } from './adoption.ts';
import { isJobFinished } from './controllers/job.ts';
import { isWorkload } from './controllers/manager.ts';
import { withDefaults } from './defaults.ts';
import type { KindRegistry } from './kinds.ts';
import { timestamp, withMetadata } from './objects.ts';
import type { Store } from './store.ts';

/**
 * Puts a snapshot's objects into the store. Pods stay as they are, with their variables, readiness, restarts and age; a controller
 * makes what it lacks. Namespaces that objects name, and their default service accounts, are there as in any cluster. `now` is the
 * time at which nothing can be younger, in milliseconds.
 */
export function loadObjects(snapshot: readonly KubernetesObject[], kinds: KindRegistry, store: Store, now: number): void {
  const objects = snapshot.map(withoutNullsOnce);
  objects.filter((object) => object.kind === 'CustomResourceDefinition').forEach((definition) => void kinds.learnDefinition(definition));
  objects.forEach((object) => void kinds.learnObject(object));
  const given = new Map<string, KubernetesObject>();
  for (const object of objects) {
    const placed = inNamespace(object, kinds);
    given.set(keyOf(placed), placed);
  }
  for (const name of new Set([...given.values()].flatMap((object) => object.metadata.namespace ?? []).concat('default', 'kube-system'))) {
    addMissing(given, { apiVersion: 'v1', kind: 'Namespace', metadata: { name }, status: { phase: 'Active' } });
  }
  for (const namespace of [...given.values()].filter((object) => object.apiVersion === 'v1' && object.kind === 'Namespace')) {
    addMissing(given, { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'default', namespace: namespace.metadata.name } });
  }
  for (const [key, object] of given) given.set(key, kinds.of(object)?.custom === true ? object : withDefaults(withSpec(object)));
  nameOwners(given);
  const kept = adoptPods(given);
  store.avoid(kept.flatMap(({ metadata }) => metadata.uid ?? []));
  const uids = new Map<string, string>();
  // Owners are created before what they own, so that references by name find a uid.
  const depth = (object: KubernetesObject): number => (object.metadata.ownerReferences === undefined ? 0 : object.kind === 'Pod' ? 2 : 1);
  for (const object of kept.sort((left, right) => depth(left) - depth(right))) {
    const kind = kinds.of(object);
    if (kind === undefined) {
      continue;
    }
    const owned = withMetadata(object, {
      ownerReferences: resolved(object, uids),
      creationTimestamp: notYounger(object.metadata.creationTimestamp, now),
    });
    const created = store.create(kind, withoutStaleStatus(owned), 'system');
    uids.set(keyOf(created), created.metadata.uid as string);
  }
}

/** Many twins share one snapshot, whose objects never change. */
const READ = new WeakMap<KubernetesObject, KubernetesObject>();

function withoutNullsOnce(object: KubernetesObject): KubernetesObject {
  const known = READ.get(object);
  if (known !== undefined) return known;
  const read = withoutNulls(object);
  READ.set(object, read);
  return read;
}

/** Gives owners that the snapshot shows without a uid the one by which what they own names them. */
function nameOwners(given: Map<string, KubernetesObject>): void {
  for (const object of [...given.values()]) {
    for (const owner of object.metadata.ownerReferences ?? []) {
      const key = ownerKeys(object, owner).find((one) => given.has(one)) ?? '';
      const known = given.get(key);
      if (known !== undefined && known.metadata.uid === undefined && owner.uid) given.set(key, withMetadata(known, { uid: owner.uid }));
    }
  }
}

/** A time of creation, or now for one that is still to come by the twin's clock. */
function notYounger(creationTimestamp: string | undefined, now: number): string | undefined {
  return creationTimestamp !== undefined && Date.parse(creationTimestamp) > now ? timestamp(now) : creationTimestamp;
}

/** Kinds whose spec holds a pod template. */
const TEMPLATED = new Set(['Deployment', 'StatefulSet', 'DaemonSet', 'ReplicaSet', 'ReplicationController', 'Job']);

/** Other kinds that the twin reads the spec of. */
const SPECIFIED = new Set(['PodDisruptionBudget', 'NetworkPolicy', 'Node', 'Namespace', 'HorizontalPodAutoscaler', 'Service']);

/** The parts of a spec that every object of its kind has, should the snapshot lack them: nothing reads a workload without. */
function withSpec(object: KubernetesObject): KubernetesObject {
  const pods = (spec: Record<string, unknown> | undefined) => (Array.isArray(spec?.containers) ? spec : { ...spec, containers: [] });
  const templated = (spec: KubernetesObject['spec']) => ({ ...spec, template: { ...spec?.template, spec: pods(spec?.template?.spec) } });
  if (object.kind === 'Pod') return { ...object, spec: pods(object.spec) };
  if (TEMPLATED.has(object.kind)) return { ...object, spec: templated(object.spec) };
  if (object.kind !== 'CronJob') return object.spec === undefined && SPECIFIED.has(object.kind) ? { ...object, spec: {} } : object;
  const { jobTemplate } = object.spec ?? {};
  return { ...object, spec: { ...object.spec, jobTemplate: { ...jobTemplate, spec: templated(jobTemplate?.spec) } } };
}

/** Namespaced objects without a namespace are in `default`, as kubectl would have put them. */
function inNamespace(object: KubernetesObject, kinds: KindRegistry): KubernetesObject {
  const namespaced = kinds.of(object)?.namespaced === true;
  return namespaced && object.metadata.namespace === undefined ? withMetadata(object, { namespace: 'default' }) : object;
}

function addMissing(given: Map<string, KubernetesObject>, object: KubernetesObject): void {
  if (!given.has(keyOf(object))) {
    given.set(keyOf(object), object);
  }
}

/** References with the uid that the owner has in the store. */
function resolved(object: KubernetesObject, uids: ReadonlyMap<string, string>): OwnerReference[] | undefined {
  return object.metadata.ownerReferences?.map((owner) => {
    const [inNamespace, ofCluster] = ownerKeys(object, owner);
    const uid = uids.get(inNamespace) ?? uids.get(ofCluster);
    return { ...owner, uid: owner.uid || (uid ?? '') };
  });
}

/** Controllers report anew what they see: the status of what they look after starts empty, but for the revision of a StatefulSet. */
function withoutStaleStatus(object: KubernetesObject): KubernetesObject {
  if (object.kind === 'Job' && isJobFinished(object)) return object;
  if (!isWorkload(object) && object.kind !== 'PodDisruptionBudget') return object;
  const revision: string | undefined = object.kind === 'StatefulSet' ? object.status?.currentRevision : undefined;
  return { ...object, status: revision === undefined ? {} : { currentRevision: revision } };
}
