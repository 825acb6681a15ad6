import type { KubernetesObject, OwnerReference } from '../../src/kubernetes/gateway.ts';
import { withoutNulls } from './absent.ts';
import { isJobFinished } from './controllers/job.ts';
import { WORKLOAD_KINDS } from './controllers/manager.ts';
import { withDefaults } from './defaults.ts';
import type { KindRegistry } from './kinds.ts';
import { controllerOf, isFinished, withMetadata } from './objects.ts';
import { matchesSelector } from './selectors.ts';
import type { Store } from './store.ts';

/**
 * Puts a snapshot's objects into the store. Pods of workloads are left out, as their controllers make them anew; bare
 * pods, pods of unknown owners, and finished Jobs stay as they are. Namespaces that objects name, and their default
 * service accounts, are there as in any cluster.
 */
export function loadObjects(snapshot: readonly KubernetesObject[], kinds: KindRegistry, store: Store): void {
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
  const all = [...given.values()];
  const workloads = all.filter(
    (object) => (object.kind === 'Deployment' || object.kind === 'Rollout') && object.spec?.selector !== undefined,
  );
  const kept = all.filter((object) => object.kind !== 'Pod' || !isMadeAnew(object, given, workloads));
  const uids = new Map<string, string>();
  // Owners are created before what they own, so that references by name find a uid.
  const depth = (object: KubernetesObject): number => (object.metadata.ownerReferences === undefined ? 0 : object.kind === 'Pod' ? 2 : 1);
  for (const object of kept.sort((left, right) => depth(left) - depth(right))) {
    const kind = kinds.of(object);
    if (kind === undefined) {
      continue;
    }
    const owned = withMetadata(object, { ownerReferences: resolved(object, uids) });
    const complete = kind.custom ? owned : withDefaults(withSpec(owned));
    const created = store.create(kind, withoutStaleStatus(complete, given), 'system');
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

function keyOf({ apiVersion, kind, metadata }: KubernetesObject): string {
  return `${apiVersion.split('/').slice(0, -1).join('/')}/${kind}/${metadata.namespace ?? ''}/${metadata.name}`;
}

/** Whether some controller of the snapshot makes this pod anew. A snapshot may lack the ReplicaSets between a Deployment and its pods. */
function isMadeAnew(pod: KubernetesObject, given: ReadonlyMap<string, KubernetesObject>, workloads: readonly KubernetesObject[]): boolean {
  if (pod.metadata.deletionTimestamp !== undefined) {
    return true;
  }
  const owner = controllerOf(pod);
  if (owner === undefined || !WORKLOAD_KINDS.has(owner.kind)) {
    return false;
  }
  const { namespace, labels, name } = pod.metadata;
  const known = given.get(
    keyOf({ ...owner, metadata: { name: owner.name, ...(namespace === undefined ? {} : { namespace }) } } as unknown as KubernetesObject),
  );
  if (known?.kind === 'Job' && isJobFinished(known) && isFinished(pod)) {
    return false;
  }
  return (
    known !== undefined ||
    (owner.kind === 'ReplicaSet' &&
      workloads.some(
        (workload) =>
          workload.metadata.namespace === namespace &&
          name.startsWith(`${workload.metadata.name}-`) &&
          matchesSelector(workload.spec.selector, labels),
      ))
  );
}

/** References whose uid the snapshot lacks, found by name. */
function resolved(object: KubernetesObject, uids: ReadonlyMap<string, string>): OwnerReference[] | undefined {
  return object.metadata.ownerReferences?.map((owner) => {
    const { namespace } = object.metadata;
    const named = {
      apiVersion: owner.apiVersion,
      kind: owner.kind,
      metadata: { name: owner.name, ...(namespace === undefined ? {} : { namespace }) },
    };
    return owner.uid
      ? owner
      : { ...owner, uid: uids.get(keyOf(named)) ?? uids.get(keyOf({ ...named, metadata: { name: owner.name } })) ?? '' };
  });
}

/** Workloads report about pods that are made anew: their status starts empty. */
function withoutStaleStatus(object: KubernetesObject, given: ReadonlyMap<string, KubernetesObject>): KubernetesObject {
  if (!(WORKLOAD_KINDS.has(object.kind) || object.kind === 'PodDisruptionBudget') || (object.kind === 'Job' && isJobFinished(object))) {
    return object;
  }
  const { name, namespace } = object.metadata;
  const revision: string | undefined = object.kind === 'StatefulSet' ? object.status?.currentRevision : undefined;
  const known =
    revision !== undefined && given.has(`apps/ControllerRevision/${namespace ?? ''}/${revision}`) && revision.startsWith(`${name}-`);
  return { ...object, status: known ? { currentRevision: revision } : {} };
}
