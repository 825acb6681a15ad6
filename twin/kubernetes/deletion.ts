import type { KubernetesObject } from '../../src/kubernetes/gateway.ts';
import type { ObjectChange, TwinClock } from '../contracts.ts';
import type { Kind, KindRegistry } from './kinds.ts';
import { isFinished, timestamp, withMetadata } from './objects.ts';
import type { Store } from './store.ts';

/** `DeleteOptions` of meta/v1, as far as the twin reads them. */
export interface DeleteOptions {
  readonly gracePeriodSeconds?: number | undefined;
  readonly propagationPolicy?: string | undefined;
  readonly preconditions?: { readonly uid?: string; readonly resourceVersion?: string } | undefined;
}

/** Milliseconds between two looks of the namespace controller at what is left in a namespace that goes. */
const NAMESPACE_LOOK = 1000;

/** How long a pod takes to stop, in milliseconds, whatever grace it has: twin containers end at once on SIGTERM. */
const TERMINATION = 1000;

/**
 * Deletes as the API server does: a running pod gets its grace, what has finalizers waits for them, and what an owner
 * leaves behind is collected. The answer is the object's last state.
 */
export function deleteObject(
  store: Store,
  kinds: KindRegistry,
  clock: TwinClock,
  kind: Kind,
  object: KubernetesObject,
  options: DeleteOptions,
  by: ObjectChange['by'],
): KubernetesObject {
  if (kind.kind === 'Namespace') return endNamespace(store, kinds, clock, kind, object, by);
  const finalizers = (object.metadata as { finalizers?: readonly string[] }).finalizers ?? [];
  const grace = options.gracePeriodSeconds ?? object.spec?.terminationGracePeriodSeconds ?? 30;
  const graceful = kind.kind === 'Pod' && grace > 0 && object.spec.nodeName !== undefined && !isFinished(object);
  if (!graceful && finalizers.length === 0) {
    store.remove(kind, object, by);
    collect(store, kinds, clock, object, options);
    return object;
  }
  if (object.metadata.deletionTimestamp !== undefined) {
    return object;
  }
  const leaving = withMetadata(object, {
    deletionTimestamp: timestamp(clock.now() + (graceful ? grace * 1000 : 0)),
    ...(graceful ? { deletionGracePeriodSeconds: grace } : {}),
  });
  const marked = store.update(kind, object, leaving, by);
  if (graceful) {
    clock.schedule(Math.min(TERMINATION, grace * 1000), () => {
      const current = store.get(kind, object.metadata.namespace, object.metadata.name);
      if (current?.metadata.uid === object.metadata.uid) {
        deleteObject(store, kinds, clock, kind, current as KubernetesObject, { gracePeriodSeconds: 0 }, 'system');
      }
    });
  }
  return marked;
}

/** Takes an object away whose deletion waited for its last finalizer. */
export function finishIfReleased(store: Store, kind: Kind, object: KubernetesObject, by: ObjectChange['by']): void {
  const finalizers = (object.metadata as { finalizers?: readonly string[] }).finalizers ?? [];
  if (object.metadata.deletionTimestamp !== undefined && finalizers.length === 0 && kind.kind !== 'Pod' && kind.kind !== 'Namespace') {
    store.remove(kind, object, by);
  }
}

/** The garbage collector: what the owner leaves behind goes too, or is orphaned where the request said so. */
function collect(store: Store, kinds: KindRegistry, clock: TwinClock, owner: KubernetesObject, options: DeleteOptions): void {
  for (const dependent of store.dependents(owner.metadata.uid)) {
    const dependentKind = kinds.of(dependent);
    if (dependentKind === undefined) {
      continue;
    }
    const owners = dependent.metadata.ownerReferences?.filter((reference) => reference.uid !== owner.metadata.uid) ?? [];
    if (options.propagationPolicy === 'Orphan' || owners.length > 0) {
      store.update(
        dependentKind,
        dependent,
        withMetadata(dependent, { ownerReferences: owners.length > 0 ? owners : undefined }),
        'system',
      );
    } else {
      deleteObject(store, kinds, clock, dependentKind, dependent, {}, 'system');
    }
  }
}

/** A namespace is Terminating, and takes nothing new, until the namespace controller has emptied it; then it is gone. */
function endNamespace(
  store: Store,
  kinds: KindRegistry,
  clock: TwinClock,
  kind: Kind,
  object: KubernetesObject,
  by: ObjectChange['by'],
): KubernetesObject {
  if (object.metadata.deletionTimestamp !== undefined) return object;
  const leaving = withMetadata(object, { deletionTimestamp: timestamp(clock.now()) });
  const marked = store.update(kind, object, { ...leaving, status: { ...object.status, phase: 'Terminating' } }, by);
  const { name, uid } = object.metadata;
  const look = (): void => {
    const current = store.get(kind, undefined, name);
    if (current === undefined || current.metadata.uid !== uid) return;
    const inner = kinds.all().filter((candidate) => candidate.namespaced);
    for (const one of inner)
      for (const left of store.list(one, name).filter((left) => left.metadata.deletionTimestamp === undefined))
        if (store.get(one, name, left.metadata.name) !== undefined) deleteObject(store, kinds, clock, one, left, {}, 'system');
    const isEmpty = inner.every((one) => store.list(one, name).length === 0);
    const { finalizers = [] } = current.metadata as { finalizers?: readonly string[] };
    if (isEmpty && finalizers.length === 0) store.remove(kind, current, 'system');
    else clock.schedule(NAMESPACE_LOOK, look);
  };
  clock.schedule(NAMESPACE_LOOK, look);
  return marked;
}
